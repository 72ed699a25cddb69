import Millrace

/// Values as bytes, through their `Encodable` conformance: smaller and several times faster than JSON,
/// for states that one program writes and the same program reads again.
///
/// Layout: the table of keys (a count, then each as a length and UTF-8), then one value. A value is a
/// tag and what belongs to it; numbers are in variable-length groups of seven bits, the lowest first.
enum StateTag: UInt8 {
    case null, no, yes
    /// A whole number; negative ones as `2 * -n - 1`.
    case integer
    /// A whole number that has no sign.
    case natural
    /// Eight bytes, the lowest first.
    case double
    /// A length and that many bytes.
    case text, bytes
    /// A length in bytes, then the elements.
    case list
    /// A length in bytes, then pairs of a key's number and a value.
    case object
}

extension CodingUserInfoKey {
    /// Set where the bytes have to be the same for the same contents: whoever writes what has no order
    /// of its own sorts it then.
    package static let isCanonical = CodingUserInfoKey(rawValue: "isCanonical")
}

/// Encodes a state. - Throws: what its conformance throws.
func encodeState(_ value: some Encodable) throws -> [UInt8] {
    let keys = StateKeys(isCanonical: false)
    let node = StateNode(keys: keys, path: [])
    try node.write(value)
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(keys.names.count))
    for name in keys.names { bytes.append(text: name) }
    return bytes + node.finished()
}

/// Encodes a state so that the same contents give the same bytes: what has no order is sorted. These
/// bytes are compared, and not read back. - Throws: what its conformance throws.
package func encodeCanonically(_ value: some Encodable) throws -> [UInt8] {
    let node = StateNode(keys: StateKeys(isCanonical: true), path: [])
    try node.write(value)
    return node.finished()
}

/// A collection without an order.
private protocol Unordered {
    /// How many elements of its encoded list belong together.
    static var group: Int { get }
}
extension Set: Unordered { fileprivate static var group: Int { 1 } }
extension Dictionary: Unordered { fileprivate static var group: Int { 2 } }

extension [UInt8] {
    mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func append(text: String) {
        append(number: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(_ tag: StateTag) { append(tag.rawValue) }
}

/// The keys of all objects, each with a number.
final class StateKeys {
    /// Then keys are written as they are, for numbers depend on what came first.
    let isCanonical: Bool
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]

    init(isCanonical: Bool) { self.isCanonical = isCanonical }

    func number(of name: String) -> UInt64 {
        if let known = numbers[name] { return UInt64(known) }
        numbers[name] = names.count
        names.append(name)
        return UInt64(names.count - 1)
    }
}

/// Where one value writes itself. Containers that were handed out may be written to until the whole is
/// finished; they are put in their places then.
final class StateNode: Encoder {
    enum Kind { case single, list, object }

    let keys: StateKeys
    let codingPath: [any CodingKey]
    var kind = Kind.single
    /// Of elements, in a list.
    var count = 0
    private var bytes: [UInt8] = []
    private var pending: [(position: Int, node: StateNode)] = []
    /// Where each member or element begins, when they are to be sorted.
    private var starts: [Int] = []
    /// Of a list without an order: how many elements belong together.
    private var group: Int?

    init(keys: StateKeys, path: [any CodingKey]) {
        self.keys = keys
        codingPath = path
    }

    var userInfo: [CodingUserInfoKey: Any] {
        guard keys.isCanonical, let key = CodingUserInfoKey.isCanonical else { return [:] }
        return [key: true]
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        kind = .object
        return KeyedEncodingContainer(StateObjectWriter<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        kind = .list
        return StateListWriter(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        StateSingleWriter(node: self)
    }

    func key(_ key: any CodingKey) {
        guard keys.isCanonical else {
            return bytes.append(number: keys.number(of: key.stringValue))
        }
        starts.append(bytes.count)
        bytes.append(text: key.stringValue)
    }

    /// The next element of a list begins.
    func element() {
        if let group, count % group == 0 { starts.append(bytes.count) }
        count += 1
    }

    func child(_ key: (any CodingKey)?) -> StateNode {
        let child = StateNode(keys: keys, path: key.map { codingPath + [$0] } ?? codingPath)
        pending.append((bytes.count, child))
        return child
    }

    func finished() -> [UInt8] {
        var inside = bytes
        if !pending.isEmpty {
            inside = []
            var (done, inserted) = (0, 0)
            for (position, node) in pending {
                inside += bytes[done..<position]
                let part = node.finished()
                inside += part
                done = position
                // What begins there begins behind it.
                for index in starts.indices where starts[index] >= position + inserted {
                    starts[index] += part.count
                }
                inserted += part.count
            }
            inside += bytes[done...]
        }
        if starts.count > 1 { inside = sorted(inside) }
        guard kind != .single else {
            return inside.isEmpty ? [StateTag.object.rawValue, 0] : inside
        }
        var whole: [UInt8] = [(kind == .list ? StateTag.list : .object).rawValue]
        whole.append(number: UInt64(inside.count))
        return whole + inside
    }

    private func sorted(_ bytes: [UInt8]) -> [UInt8] {
        let ends = starts.dropFirst() + [bytes.count]
        return zip(starts, ends).map { bytes[$0..<$1] }
            .sorted { $0.lexicographicallyPrecedes($1) }
            .reduce(into: []) { $0 += $1 }
    }

    // MARK: values

    func writeNull() { bytes.append(StateTag.null) }
    func write(_ value: Bool) { bytes.append(value ? StateTag.yes : .no) }

    func write(_ value: String) {
        bytes.append(StateTag.text)
        bytes.append(text: value)
    }

    func write(_ value: Double) {
        bytes.append(StateTag.double)
        append(value.bitPattern)
    }

    func write<T: BinaryInteger>(integer value: T) {
        if let small = Int64(exactly: value) {
            bytes.append(StateTag.integer)
            bytes.append(number: UInt64(bitPattern: small << 1 ^ small >> 63))
        } else {
            bytes.append(StateTag.natural)
            bytes.append(number: UInt64(truncatingIfNeeded: value))
        }
    }

    private func append(_ word: UInt64) {
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    private func write(raw: [UInt8]) {
        bytes.append(StateTag.bytes)
        bytes.append(number: UInt64(raw.count))
        bytes += raw
    }

    func write<T: Encodable>(_ value: T) throws {
        // The values that states are full of, without a further container.
        if T.self == String.self, let value = value as? String { return write(value) }
        if T.self == Digest.self, let value = value as? Digest {
            bytes.append(StateTag.bytes)
            bytes.append(32)
            append(value.words.0)
            append(value.words.1)
            append(value.words.2)
            append(value.words.3)
            return
        }
        if T.self == EventID.self, let value = value as? EventID {
            bytes.append(StateTag.bytes)
            bytes.append(16)
            append(value.high)
            append(value.low)
            return
        }
        if T.self == Timestamp.self, let value = value as? Timestamp {
            return write(integer: value.microseconds)
        }
        if T.self == WorkspacePath.self, let value = value as? WorkspacePath {
            return write(raw: value.bytes)
        }
        if T.self == JSONValue.self, let value = value as? JSONValue {
            return write(raw: value.bytes)
        }
        if T.self == [UInt8].self, let value = value as? [UInt8] { return write(raw: value) }
        let node = StateNode(keys: keys, path: codingPath)
        if keys.isCanonical { node.group = (T.self as? any Unordered.Type)?.group }
        try value.encode(to: node)
        bytes += node.finished()
    }
}
