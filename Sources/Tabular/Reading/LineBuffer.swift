/// A window over the input that is moved and, within a limit, grown so that one record lies in it
/// whole. Behind the valid bytes stand a line end and a quote, so that a scan needs no bounds check.
final class LineBuffer {
    private var source: ByteSource
    private(set) var start: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    /// Index of the first byte that was not consumed.
    var head = 0
    /// Index behind the last valid byte.
    private(set) var tail = 0
    /// Offset in the file of `start[0]`.
    private(set) var fileOffset = 0
    private(set) var atEnd = false
    /// Some byte since the buffer was last clean needs the per-record checks for encoding.
    private(set) var hasUnusual = false

    private static let padding = 32
    private static let initialCapacity = 1 << 18

    init(_ source: ByteSource) {
        self.source = source
        capacity = Self.initialCapacity
        start = .allocate(capacity: capacity + Self.padding)
        setSentinels()
    }

    deinit { start.deallocate() }

    var bytesRead: Int { fileOffset + tail }

    private func setSentinels() {
        start[tail] = 0x0A
        start[tail + 1] = 0x22
        for index in 2..<Self.padding { start[tail + index] = 0x0A }
    }

    /// Brings more bytes behind `tail`, moving what was not consumed to the front.
    /// - Returns: false at the end of the input, or when the buffer is as large as `limit` and full.
    func fill(limit: Int) throws(TabularError) -> Bool {
        if atEnd { return false }
        if head > 0 {
            let kept = tail - head
            start.update(from: start + head, count: kept)
            fileOffset += head
            head = 0
            tail = kept
            if kept == 0 { hasUnusual = false }
        }
        if tail == capacity {
            guard capacity < limit else { return false }
            grow(to: min(capacity * 2, limit))
        }
        let count = try source.read(into: start + tail, count: capacity - tail)
        atEnd = count == 0
        noteUnusual(added: count)
        tail += count
        setSentinels()
        return count > 0
    }

    /// Looks at the new bytes, and again at those kept from before.
    private func noteUnusual(added count: Int) {
        if hasUnusual { hasUnusual = hasUnusualBytes(start, tail) }
        if !hasUnusual { hasUnusual = hasUnusualBytes(start + tail, count) }
    }

    private func grow(to newCapacity: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity + Self.padding)
        larger.update(from: start, count: tail)
        start.deallocate()
        start = larger
        capacity = newCapacity
    }
}
