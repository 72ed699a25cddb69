import Glibc
import LinuxSystem

/// The names of the files of a journal.
package enum SegmentName {
    /// `00000000000000000001.jsonl`
    package static func of(_ first: UInt64) -> String { Digits.text(first, width: 20) + ".jsonl" }

    /// The first sequence of a segment; nil for any other file.
    static func first(of name: FilePath) -> UInt64? {
        guard name.bytes.count == 26, name.bytes.suffix(6).elementsEqual(".jsonl".utf8) else {
            return nil
        }
        guard let first = name.bytes.withUnsafeBytes({ Digits.decimal($0, 0, 20) }), first > 0
        else { return nil }
        return first
    }

    static let head = "head"
    static let lock = "lock"
    /// A segment in the making.
    static let next = "next.tmp"
}

/// The directory of a journal, as its readers see it.
struct LogDirectory: Sendable {
    let path: FilePath
    let storage: any Storage

    /// The first sequences of all segments, ascending; empty when there is no directory.
    func segments() throws(JournalError) -> [UInt64] {
        do throws(SystemError) {
            let names = try Retry.interrupted { () throws(SystemError) in
                try storage.names(in: path)
            }
            return names.compactMap { SegmentName.first(of: $0) }.sorted()
        } catch {
            if error.errno == .notFound { return [] }
            throw .system(error)
        }
    }

    /// The first record of the segment after the one that begins with `first`; nil for the last.
    func segment(after first: UInt64) throws(JournalError) -> UInt64? {
        try segments().first { $0 > first }
    }

    /// Does a writer have the journal open?
    func hasWriter() throws(JournalError) -> Bool {
        do throws(SystemError) {
            return try StoredFile(
                path.appending(SegmentName.lock), O_RDONLY | O_NOFOLLOW, storage: storage
            ).isLocked()
        } catch {
            if error.errno == .notFound { return false }
            throw .system(error)
        }
    }

    /// What the head file says; nil when there is none, or none that is whole.
    func head() throws(JournalError) -> HeadFile.Contents? {
        do throws(SystemError) {
            return try HeadFile.read(
                try StoredFile(
                    path.appending(SegmentName.head), O_RDONLY | O_NOFOLLOW, storage: storage))
        } catch {
            if error.errno == .notFound { return nil }
            throw .system(error)
        }
    }
}
