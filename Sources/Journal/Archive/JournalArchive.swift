import Checksums
import Glibc
package import LinuxSystem
package import Millrace

/// Moves whole segments from the beginning of a journal to another directory.
///
/// Each is copied, forced to the disk and compared. Then an event names them, and only when that is
/// on the disk they are removed, the first one first. So at any moment every record is in one of the
/// two places or in both, and what a crash left undone is done by the next call.
package struct JournalArchive {
    /// The event that asks for it, and what that goes back to.
    package struct Cause: Sendable {
        package let id: EventID
        package let correlation: EventID

        package init(id: EventID, correlation: EventID) {
            self.id = id
            self.correlation = correlation
        }
    }

    private let log: LogDirectory
    private let target: LogDirectory

    private init(_ directory: FilePath, _ target: FilePath, _ storage: any Storage) {
        log = LogDirectory(path: directory, storage: storage)
        self.target = LogDirectory(path: target, storage: storage)
    }

    /// The records of the segments that would be moved, all of them before a sequence; nil for none.
    package static func candidates(
        in directory: FilePath, before sequence: UInt64, atMost count: Int = .max,
        storage: any Storage = LinuxStorage()
    ) throws(JournalError) -> ClosedRange<UInt64>? {
        let segments = try LogDirectory(path: directory, storage: storage).segments()
        guard let first = segments.first,
            // The one in use stays.
            let end = segments.dropFirst().prefix(count).last(where: { $0 <= sequence })
        else { return nil }
        return first...end - 1
    }

    /// How many segments hold these records, and their bytes.
    package static func extent(
        of records: ClosedRange<UInt64>, in directory: FilePath,
        storage: any Storage = LinuxStorage()
    ) throws(JournalError) -> (segments: Int, bytes: Int) {
        let log = LogDirectory(path: directory, storage: storage)
        var extent = (segments: 0, bytes: 0)
        for first in try log.segments() where records.contains(first) {
            extent.segments += 1
            extent.bytes += try SegmentFile(first, in: log).size()
        }
        return extent
    }

    /// The time of the first record after the first segment: from then on all of that segment is old.
    /// Nil when there is but the one in use.
    package static func endOfFirst(_ reader: JournalReader) throws(JournalError) -> Timestamp? {
        let segments = try LogDirectory(path: reader.directory, storage: reader.log.storage)
            .segments()
        guard segments.count > 1 else { return nil }
        return try reader.record(segments[1])?.time
    }

    /// Moves the segments all of whose records come before a sequence. The one in use stays.
    ///
    /// - Parameters:
    ///   - writer: of this journal.
    ///   - target: an absolute path.
    ///   - count: as many segments are moved at most.
    ///   - cause: the event that asks for it.
    ///   - prepare: called with the last record that is moved, before anything happens.
    /// - Returns: what was journaled; nil when there was nothing to move.
    /// - Throws: `.damaged` when a segment is not whole: it stays, and so do all.
    package static func move(
        _ writer: JournalWriter, in directory: FilePath, before sequence: UInt64,
        to target: FilePath, atMost count: Int = .max, cause: Cause? = nil,
        storage: any Storage = LinuxStorage(),
        prepare: (JournalHead) throws(JournalError) -> Void = { _ throws(JournalError) in }
    ) throws(JournalError) -> JournalArchived? {
        let archive = JournalArchive(directory, target, storage)
        guard let text = String(validating: target.bytes, as: UTF8.self), text.hasPrefix("/")
        else { throw .archive("\(target) is not an absolute path in UTF-8") }
        let earlier = try archive.finishEarlier()
        guard
            let records = try candidates(
                in: directory, before: sequence, atMost: count, storage: storage)
        else { return nil }
        if let earlier { try archive.checkReach(earlier, text) }
        do throws(SystemError) {
            try storage.makeDirectory(target)
            try storage.syncDirectory(target.parent)
        } catch {
            throw .system(error)
        }
        let (segments, head) = try archive.copy(records, after: earlier)
        try prepare(head)
        var parts = earlier?.parts ?? []
        var part = JournalArchived.Part(
            directory: text, first: records.lowerBound, last: records.upperBound,
            head: Digest(words: head.hash.words))
        if let last = parts.last, last.directory == text, last.last + 1 == part.first {
            part.first = last.first
            parts.removeLast()
        }
        let archived = JournalArchived(segments: segments, parts: parts + [part])
        let name = SHA256.hash(Array("\(JournalArchived.type) \(head)".utf8)).words
        let draft: EventDraft
        do {
            draft = try EventDraft(
                archived, id: EventID(high: name.0, low: name.1), actor: .system,
                causation: cause?.id, correlation: cause?.correlation)
        } catch {
            throw .archive("what was archived cannot be written down: \(error)")
        }
        _ = try writer.appendBlocking([draft])
        try archive.remove(through: records.upperBound)
        return archived
    }

    /// Removes what an earlier call had already archived when it ended.
    private func finishEarlier() throws(JournalError) -> JournalArchived? {
        guard let first = try log.segments().first,
            let earlier = try ArchiveLocator.lastEvent(log, from: first)
        else { return nil }
        try remove(through: earlier.last)
        return earlier
    }

    /// A disk that is not mounted looks like an empty directory: what went there before must be there.
    private func checkReach(
        _ earlier: JournalArchived, _ directory: String
    ) throws(JournalError) {
        let there = try target.segments()
        for part in earlier.parts where part.directory == directory {
            guard there.contains(part.first) else {
                throw .archive(
                    "\(directory) does not have \(SegmentName.of(part.first)), which was archived "
                        + "there; is its disk mounted?")
            }
        }
    }

    // MARK: copying

    private func copy(
        _ records: ClosedRange<UInt64>, after earlier: JournalArchived?
    ) throws(JournalError) -> ([JournalArchived.Segment], JournalHead) {
        var head = JournalHead.empty
        if let end = earlier?.parts.last?.end, end.sequence + 1 == records.lowerBound { head = end }
        var copied: [JournalArchived.Segment] = []
        for first in try log.segments() where records.contains(first) {
            let file = try SegmentFile(first, in: log)
            head = try check(file, after: head)
            let size = try file.size()
            let digest = try file.digest(of: 0..<size)
            try copy(file, size, digest)
            copied.append(
                JournalArchived.Segment(
                    name: SegmentName.of(first), first: first, last: head.sequence, bytes: size,
                    sha256: Digest(words: digest.words)))
        }
        guard head.sequence == records.upperBound else {
            throw .damaged([
                Damage(
                    segment: records.upperBound + 1, sequence: head.sequence + 1, offset: 0,
                    flaw: .missingSegment)
            ])
        }
        do throws(SystemError) { try log.storage.syncDirectory(target.path) } catch {
            throw .system(error)
        }
        return (copied, head)
    }

    /// Is the segment whole, and does it follow what was before? Returns its end.
    private func check(
        _ file: SegmentFile, after before: JournalHead
    ) throws(JournalError) -> JournalHead {
        let check = try SegmentCheck(file, wanted: [], limit: .max)
        var damages = check.damages
        if let tail = check.tail { damages.append(tail) }
        if damages.isEmpty {
            let follows = check.first == before.sequence + 1 && check.firstPrevious == before.hash
            if !follows || check.batchEnd != check.last?.head.sequence {
                damages.append(
                    Damage(
                        segment: check.first, sequence: check.first, offset: 0,
                        flaw: follows ? .batch : .chain))
            }
        }
        guard damages.isEmpty, let last = check.last else { throw .damaged(damages) }
        return last.head
    }

    private func copy(
        _ file: SegmentFile, _ size: Int, _ digest: SHA256.Value
    ) throws(JournalError) {
        let name = SegmentName.of(file.first)
        if let there = try? SegmentFile(file.first, in: target) {
            // From a call that did not come to its end, or another journal's.
            guard try there.size() == size, try there.digest(of: 0..<size) == digest else {
                throw .archive(
                    "\(target.path) has another \(name) already; name an empty directory")
            }
        }
        let unfinished = target.path.appending(name + ".tmp")
        do throws(SystemError) {
            let copy = try StoredFile(
                unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, storage: log.storage)
            try log.pour(name, into: copy)
            try copy.syncData()
            try log.storage.rename(unfinished, target.path.appending(name))
        } catch {
            throw .system(error)
        }
        guard try SegmentFile(file.first, in: target).digest(of: 0..<size) == digest else {
            throw .archive("what was read back from \(target.path)/\(name) is not what was written")
        }
        copyIndex(of: file.first)
    }

    /// It is derived: readers do without.
    private func copyIndex(of first: UInt64) {
        let name = SegmentName.index(of: first)
        let unfinished = target.path.appending(SegmentName.unfinishedIndex)
        do throws(SystemError) {
            let copy = try StoredFile(
                unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, storage: log.storage)
            try log.pour(name, into: copy)
            try log.storage.rename(unfinished, target.path.appending(name))
        } catch {
            try? log.storage.unlink(unfinished)
            // The writer has not come to it yet.
            if error.errno == .notFound { _ = try? target.makeIndex(of: first) }
        }
    }

    // MARK: removing

    private func remove(through last: UInt64) throws(JournalError) {
        let segments = try log.segments()
        do throws(SystemError) {
            for (first, next) in zip(segments, segments.dropFirst()) where next <= last + 1 {
                try log.storage.unlink(log.path.appending(SegmentName.of(first)))
                // One by one: a power cut must not leave the first and take the second.
                try log.storage.syncDirectory(log.path)
            }
        } catch {
            throw .system(error)
        }
        removeIndexes(of: Set(segments).subtracting(try log.segments()))
    }

    private func removeIndexes(of removed: Set<UInt64>) {
        for name in (try? log.storage.names(in: log.path)) ?? [] {
            if let index = SegmentName.parsing(index: name), removed.contains(index.first) {
                try? log.storage.unlink(log.path.appending(name))
            }
        }
    }
}

extension LogDirectory {
    /// Copies the bytes of a file of the journal into another.
    fileprivate func pour(_ name: String, into copy: StoredFile) throws(SystemError) {
        let source = try StoredFile(
            path.appending(name), O_RDONLY | O_NOFOLLOW, storage: storage)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { chunk.deallocate() }
        var position = 0
        while true {
            let count = try source.read(chunk, at: position)
            try copy.writeAll(UnsafeRawBufferPointer(rebasing: chunk[..<count]), at: position)
            position += count
            if count < chunk.count { return }
        }
    }
}
