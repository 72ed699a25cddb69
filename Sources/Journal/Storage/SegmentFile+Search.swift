import Glibc

/// Looks for what is somewhere in a segment, through a buffer of its own.
extension SegmentFile {
    /// The last record of a segment that is complete; nil when the file does not end with one.
    func lastRecord() throws(JournalError) -> RawRecord? {
        // Behind damage that was accepted the reserved room may still be there.
        let end = try endOfContents()
        guard let start = try nextCandidate(from: max(0, end - RecordFormat.maximumLine))
        else { return nil }
        var found: RawRecord?
        try forEachWhole(from: start) { found = $0 }
        guard let found, try firstByteThatIsNoFiller(from: found.offset + found.length) == nil
        else {
            return nil
        }
        return found
    }

    /// Shows every record that is whole from an offset on, whatever lies between them.
    private func forEachWhole(
        from offset: Int, _ body: (RawRecord) -> Void
    ) throws(JournalError) {
        var position = offset
        while true {
            if case (.record(let length, _), let record?) = try scan(at: position) {
                body(record)
                position += length
            } else if let next = try nextCandidate(from: position + 1) {
                position = next
            } else {
                return
            }
        }
    }

    /// The first offset from `offset` on that holds something else than newlines; nil when there is
    /// none up to the end of the file, or in about so many bytes.
    func firstByteThatIsNoFiller(
        from offset: Int, within reach: Int = .max
    ) throws(JournalError) -> Int? {
        try find(from: offset, within: reach) { bytes in
            let newlines: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
            var index = 0
            while bytes.count - index >= 8,
                bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) == newlines
            {
                index += 8
            }
            return bytes[index...].firstIndex { $0 != RecordFormat.newline }
        }
    }

    /// The offset behind the last byte that is no newline.
    func endOfContents() throws(JournalError) -> Int {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
        defer { chunk.deallocate() }
        var end = try size()
        while end > 0 {
            let start = max(0, end - chunk.count)
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(end - start)])
            let count = try read(part, at: start)
            if let last = part[..<count].lastIndex(where: { $0 != RecordFormat.newline }) {
                return start + last + 1
            }
            end = start
        }
        return 0
    }

    /// The first offset from `offset` on where the bytes look like the beginning of a record.
    func nextCandidate(from offset: Int) throws(JournalError) -> Int? {
        let mark = Array("{\"crc\":\"".utf8)
        return try find(from: offset, overlap: mark.count - 1) { bytes in
            var start = 0
            while let base = bytes.baseAddress, bytes.count - start >= mark.count,
                let found = memchr(base + start, CInt(mark[0]), bytes.count - start)
            {
                start = UnsafeRawPointer(found) - base
                guard bytes.count - start >= mark.count else { return nil }
                if memcmp(base + start, mark, mark.count) == 0 { return start }
                start += 1
            }
            return nil
        }
    }

    /// What the records from an offset on prove, whatever lies between them: the highest watermark
    /// of those that are whole, and the highest sequence.
    func highestWatermark(
        from offset: Int
    ) throws(JournalError) -> (durable: UInt64, sequence: UInt64) {
        var durable: UInt64 = 0
        var highest: UInt64 = 0
        try forEachWhole(from: offset) { record in
            durable = max(durable, record.durable)
            highest = max(highest, record.sequence)
        }
        return (durable, highest)
    }

    private func find(
        from offset: Int, within reach: Int = .max, overlap: Int = 0,
        _ body: (UnsafeRawBufferPointer) -> Int?
    ) throws(JournalError) -> Int? {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
        defer { chunk.deallocate() }
        var position = offset
        while true {
            let count = try read(chunk, at: position)
            if let found = body(UnsafeRawBufferPointer(rebasing: chunk[..<count])) {
                return position + found
            }
            if count < chunk.count || position - offset >= reach { return nil }
            position += count - overlap
        }
    }
}
