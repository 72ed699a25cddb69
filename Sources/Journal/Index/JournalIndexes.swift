import Glibc
package import LinuxSystem

/// The index files of a journal that nobody writes at the moment.
package enum JournalIndexes {
    /// Makes those that are missing, and those that do not fit.
    package static func make(
        in directory: FilePath, pieceSize: Int = JournalConfiguration().indexPiece,
        storage: any Storage = LinuxStorage()
    ) throws(JournalError) {
        let log = LogDirectory(path: directory, storage: storage)
        guard let segment = try log.segments().last else { return }
        // How far its records are known to be on the disk.
        let cursor = try JournalReader(directory: directory, storage: storage).cursor(from: segment)
        var end = 0
        while let record = try cursor.next() {
            if record.batchIndex == record.batchCount { end = record.offset + record.length }
        }
        var work = IndexWork(directory: directory, pieceSize: pieceSize, storage: storage)
        while let due = work.run(segment, end), due <= end {}
    }

    /// Makes the index of a sealed segment anew, also beside a writer. False: the segment is not whole.
    static func replace(_ first: UInt64, in log: LogDirectory) throws -> Bool {
        try log.makeIndex(of: first, temporary: "\(SegmentName.unfinishedIndex)-\(getpid())")
    }
}
