import Checksums
import Glibc
import LinuxSystem
import Millrace

/// What the file `head` is worth as evidence that nothing was removed from the end.
package enum HeadEvidence: String, Codable, Sendable {
    case whole
    /// One of its two copies is damaged; the other one, or what is left of it, names what is there.
    case oneCopyDamaged = "one copy damaged"
    /// One of its two copies is damaged, and may have named a later record than the other.
    case newerCopyUnknown = "newer copy unknown"
    /// Neither copy is whole.
    case damaged
    case missing
    /// There are no records that it could name.
    case noRecords = "no records"

    /// Are records removed from the end noticed?
    package var isProof: Bool {
        switch self {
        case .whole, .oneCopyDamaged, .noRecords: true
        case .newerCopyUnknown, .damaged, .missing: false
        }
    }
}

/// How a journal relates to an older head that somebody kept.
package enum HeadProof: Equatable, Sendable {
    /// Its record is there, and everything from it to the end is whole and bound to it.
    case extends
    /// Its record is there; from it on all is whole and bound to it up to this record, not farther.
    case broken(after: UInt64)
    /// Another record stands there.
    case otherHistory
    /// The journal ends before it, with this record.
    case shorter(last: UInt64)
    /// The record was archived up to this one, and the archive is out of reach.
    case archived(through: UInt64)
    /// The record is damaged or gone, and so is the one after it, which names it.
    case unreadable

    /// Nil when neither is proven.
    package var extendsHead: Bool? {
        switch self {
        case .extends: true
        case .otherHistory, .shorter: false
        case .broken, .archived, .unreadable: nil
        }
    }
}

extension LogDirectory {
    /// Why there is no head to read.
    func headLoss() -> JournalRecovered.HeadLoss {
        let path = path.appending(SegmentName.head)
        let isThere =
            (try? StoredFile(path, O_RDONLY | O_NOFOLLOW, storage: storage)) != nil
        return isThere ? .damaged : .missing
    }

    /// The last record that an index names. Only what is on the disk comes into an index, so it was
    /// there, whatever has become of its segment.
    func lastIndexed() -> UInt64 {
        var last: UInt64 = 0
        for name in (try? storage.names(in: path)) ?? [] {
            guard let segment = SegmentName.parsing(index: name)?.first,
                let header = header(of: path.appending(name)), header.segment == segment
            else { continue }
            last = max(last, header.sequences.upperBound)
        }
        return last
    }

    private func header(of index: FilePath) -> IndexHeader? {
        guard let file = try? StoredFile(index, O_RDONLY | O_NOFOLLOW, storage: storage) else {
            return nil
        }
        return withUnsafeTemporaryAllocation(byteCount: IndexHeader.size, alignment: 8) { buffer in
            guard let count = try? file.read(buffer, at: 0) else { return nil }
            return IndexHeader(parsing: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
