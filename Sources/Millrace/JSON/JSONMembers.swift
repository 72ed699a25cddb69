/// The members of an object under construction; tells equal keys apart quickly, however many.
struct JSONMembers {
    private(set) var members: [JSONValue.Member] = []
    private var index: [String: Int] = [:]
    /// A bit for each key: where it is not set, no equal key can be there.
    private var seen: UInt64 = 0
    /// Up to here comparing one by one is faster than a table.
    private static let small = 16

    init() {}

    /// False when the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        append(key, value, mark: Self.mark(key.utf8.span))
    }

    /// - Parameter mark: of the key's bytes, for callers that have them at hand.
    mutating func append(_ key: String, _ value: JSONValue, mark: UInt64) -> Bool {
        if seen & mark != 0, position(of: key) != nil { return false }
        seen |= mark
        if members.isEmpty { members.reserveCapacity(8) }
        if members.count == Self.small {
            for (offset, member) in members.enumerated() { index[member.key] = offset }
        }
        if members.count >= Self.small { index[key] = members.count }
        members.append(JSONValue.Member(key, value))
        return true
    }

    /// Sets the member, in the place of the one with the same key if there is one.
    mutating func set(_ key: String, _ value: JSONValue) -> Int {
        if append(key, value) { return members.count - 1 }
        let position = position(of: key) ?? 0
        replace(at: position, with: value)
        return position
    }

    mutating func replace(at position: Int, with value: JSONValue) {
        if members.indices.contains(position) { members[position].value = value }
    }

    /// One bit of 64. All bits for a key beyond ASCII: it may equal one with other bytes, as "é" in
    /// its two Unicode forms does.
    static func mark(_ key: Span<UInt8>) -> UInt64 {
        var hash: UInt8 = 0
        var union: UInt8 = 0
        for index in key.indices {
            hash = hash &* 31 &+ key[index]
            union |= key[index]
        }
        return union < 0x80 ? 1 << UInt64(hash & 63) : .max
    }

    private func position(of key: String) -> Int? {
        if members.count > Self.small { return index[key] }
        return members.firstIndex { $0.key == key }
    }
}
