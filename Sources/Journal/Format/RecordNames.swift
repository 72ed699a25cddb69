import Glibc
import Millrace

/// The types, subjects and actors of the records that were read last. A journal has a few of each, and
/// thousands of records with every one: making them anew each time takes longer than all the rest of
/// an envelope. Not for more than one thread at a time.
final class RecordNames {
    private var types = NameTable<String>()
    private var subjects = NameTable<Subject>()
    private var actors = NameTable<Actor>()
    private var places = NameTable<Int>()
    /// The types that somebody knows. A text of the program's own is compared and passed on faster than
    /// one that was made.
    private let known: [String]

    init(types: [String] = []) { known = types }

    func type(_ bytes: UnsafeRawBufferPointer) -> String {
        types.value(bytes) { bytes in
            known.first { $0.utf8.elementsEqual(bytes) } ?? String(decoding: bytes, as: UTF8.self)
        } ?? ""
    }

    /// The place of a type among those that are known; nil for any other.
    func place(ofType bytes: UnsafeRawBufferPointer) -> Int? {
        let place = places.value(bytes) { bytes in
            known.firstIndex { $0.utf8.elementsEqual(bytes) } ?? -1
        }
        return place.flatMap { $0 < 0 ? nil : $0 }
    }

    func subject(_ bytes: UnsafeRawBufferPointer) -> Subject? {
        subjects.value(bytes) { JSONText.unescape($0).map { Subject(parsing: $0) } }
    }

    func actor(_ bytes: UnsafeRawBufferPointer) -> Actor? {
        actors.value(bytes) { JSONText.unescape($0).map { Actor(parsing: $0) } }
    }
}

/// What was made of some bytes, for the last that came to each of its places.
private struct NameTable<Value> {
    private var slots = [(bytes: [UInt8], value: Value)?](repeating: nil, count: 256)
    /// Longer names are not kept.
    private static var limit: Int { 96 }

    mutating func value(
        _ bytes: UnsafeRawBufferPointer, _ make: (UnsafeRawBufferPointer) -> Value?
    ) -> Value? {
        guard bytes.count <= NameTable.limit, let base = bytes.baseAddress else {
            return make(bytes)
        }
        let place = place(bytes)
        if let slot = slots[place], slot.bytes.count == bytes.count,
            memcmp(slot.bytes, base, bytes.count) == 0
        {
            return slot.value
        }
        guard let value = make(bytes) else { return nil }
        slots[place] = (Array(bytes), value)
        return value
    }

    private func place(_ bytes: UnsafeRawBufferPointer) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var index = 0
        while bytes.count - index >= 8 {
            hash ^= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            hash = (hash &* 0x9E37_79B9_7F4A_7C15).byteSwapped
            index += 8
        }
        while index < bytes.count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
            index += 1
        }
        return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0xFF)
    }
}
