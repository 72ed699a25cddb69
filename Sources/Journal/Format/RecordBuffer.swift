import Glibc

/// Lines that are to be written next. It grows and never shrinks, and takes bytes without a check or
/// a reference count for each: room for a whole line is made first.
final class RecordBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init() { memory = .allocate(byteCount: 64 * 1024, alignment: 64) }

    deinit { memory.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// What was appended since `clear`. Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func clear() { count = 0 }

    /// Makes room for so many bytes, which may then be appended.
    func makeRoom(for more: Int) {
        let needed = count + more
        guard needed > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 * memory.count, needed), alignment: 64)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }

    /// The place of a byte that was appended.
    func pointer(to offset: Int) -> UnsafeMutableRawPointer? {
        memory.baseAddress.map { $0 + offset }
    }

    func append(_ part: UnsafeRawBufferPointer) {
        precondition(part.count <= memory.count - count, "room is made first")
        guard let source = part.baseAddress, let base = memory.baseAddress else { return }
        memcpy(base + count, source, part.count)
        count += part.count
    }

    func append(_ part: [UInt8]) { part.withUnsafeBytes { append($0) } }

    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// 32 hexadecimal digits.
    func append(high: UInt64, low: UInt64) {
        precondition(memory.count - count >= 32, "room is made first")
        guard let base = memory.baseAddress else { return }
        Digits.write(hexadecimal: high, to: base + count)
        Digits.write(hexadecimal: low, to: base + count + 16)
        count += 32
    }

    /// A text as the inside of a JSON string.
    func appendEscaped(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            if utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F }) {
                var escaped: [UInt8] = []
                JSONText.escape(utf8, into: &escaped)
                append(escaped)
            } else {
                append(UnsafeRawBufferPointer(utf8))
            }
        }
    }
}
