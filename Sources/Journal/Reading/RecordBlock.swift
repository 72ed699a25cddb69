import Millrace

/// A record of a block, as it lies in memory: for as long as the block is there.
package struct RecordLine {
    /// Without its newline.
    let bytes: UnsafeRawBufferPointer
    package let sequence: UInt64
}

/// Records that follow one another, to be handed from the thread that read them to others. Whoever goes
/// through them counts no references: two threads that count those of one window wait for each other.
package struct RecordBlock: @unchecked Sendable {
    // The bytes are never written again, and are kept by their owners.
    private var lines: [RecordLine] = []
    private var owners: [RecordBytes] = []
    /// Of all its lines.
    package private(set) var size = 0

    package init() {}

    package var count: Int { lines.count }

    package mutating func append(_ record: RawRecord) {
        if owners.last !== record.storage { owners.append(record.storage) }
        record.withLine { lines.append(RecordLine(bytes: $0, sequence: record.sequence)) }
        size += record.length
    }

    /// Shows each record, in order.
    package func forEach<E: Error>(_ body: (RecordLine) throws(E) -> Void) throws(E) {
        defer { withExtendedLifetime(owners) {} }
        for line in lines { try body(line) }
    }
}

extension RawRecord {
    /// The same for one record.
    package func withRecordLine<R, E: Error>(
        _ body: (RecordLine) throws(E) -> R
    ) throws(E) -> R {
        try withLine { bytes throws(E) in try body(RecordLine(bytes: bytes, sequence: sequence)) }
    }
}
