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

    /// The index of a sealed segment.
    static func index(of first: UInt64) -> String { Digits.text(first, width: 20) + indexEnding }

    /// A piece of the index of the segment in use, from an offset on.
    static func piece(of first: UInt64, from offset: Int) -> String {
        Digits.text(first, width: 20) + "-\(offset)" + indexEnding
    }

    /// The segment of an index, and the offset where a piece begins; nil for any other file.
    static func parsing(index name: FilePath) -> (first: UInt64, offset: Int?)? {
        let bytes = name.bytes
        guard bytes.count >= 26, bytes.suffix(6).elementsEqual(indexEnding.utf8),
            let first = bytes.withUnsafeBytes({ Digits.decimal($0, 0, 20) })
        else { return nil }
        let rest = bytes[20..<bytes.count - 6]
        if rest.isEmpty { return (first, nil) }
        guard rest.first == UInt8(ascii: "-"),
            let offset = Int(String(decoding: rest.dropFirst(), as: UTF8.self)),
            piece(of: first, from: offset).utf8.elementsEqual(bytes)
        else { return nil }
        return (first, offset)
    }

    private static let indexEnding = ".index"
    /// Indexes in the making begin with this.
    static let unfinishedIndex = "index.tmp"
    static let head = "head"
    static let lock = "lock"
    /// A segment in the making.
    static let next = "next.tmp"
}

/// The directory of a journal, as its readers see it.
struct LogDirectory: Sendable {
    let path: FilePath
    let storage: any Storage
    /// For those who read archived segments, too.
    var archive: ArchiveLocator?

    /// The first sequences of all segments, ascending; empty when there is no directory.
    func segments() throws(JournalError) -> [UInt64] {
        let here = try ownSegments()
        guard let archived = archive?.archive(of: self, here) else { return here }
        return archived.directories.keys.sorted() + here
    }

    /// Where a segment's files are.
    func home(of first: UInt64) -> FilePath {
        guard let archive else { return path }
        if let known = archive.directory(of: first) { return known }
        guard let here = try? ownSegments() else { return path }
        return archive.archive(of: self, here)?.directories[first] ?? path
    }

    /// What was archived; nil when nothing was, or for those who do not ask.
    func archived() throws(JournalError) -> ArchiveState? {
        archive?.archive(of: self, try ownSegments())
    }

    private func ownSegments() throws(JournalError) -> [UInt64] {
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

    /// Where the pieces of a segment's index begin, ascending.
    func pieces(of first: UInt64) throws(JournalError) -> [Int] {
        do throws(SystemError) {
            return try storage.names(in: path).compactMap { SegmentName.parsing(index: $0) }
                .filter { $0.first == first }.compactMap(\.offset).sorted()
        } catch {
            throw .system(error)
        }
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
