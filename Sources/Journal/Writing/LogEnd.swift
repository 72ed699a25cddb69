import Checksums
import Glibc
import LinuxSystem
import Millrace

/// The end of the log, opened for writing: recovers, appends, rolls. Used by one thread at a time.
final class LogEnd {
    private let directory: FilePath
    private let configuration: JournalConfiguration
    private let storage: any Storage
    /// The kernel drops the lock with this descriptor.
    private var lock: StoredFile?
    private var segment: ActiveSegment
    /// The segment after this one, in the making.
    private var next: SegmentPreparation?
    private var indexer: Indexer?
    private var encoder: RecordEncoder
    private var headFile: HeadWriter
    private(set) var head: JournalHead
    private(set) var report: RecoveryReport
    /// The last record is not a watermark.
    private(set) var needsWatermark = false

    init(directory: FilePath, configuration: JournalConfiguration) throws(JournalError) {
        self.directory = directory
        self.configuration = configuration
        storage = configuration.storage
        do throws(SystemError) {
            try storage.makeDirectory(directory)
            let file = try StoredFile(
                directory.appending(SegmentName.lock), O_RDWR | O_CREAT, storage: storage)
            // A child that a dead writer had just forked holds the lock until it has become another
            // program: a moment later the lock is free.
            var attempts = 50
            while try !file.lock() {
                guard attempts > 0 else { throw SystemError(.again, "fcntl") }
                attempts -= 1
                poll(nil, 0, 10)
            }
            lock = file
            // A kill leaves it, and its room may be what is needed now.
            try? storage.unlink(directory.appending(SegmentName.next))
        } catch {
            if error.errno == .again { throw .locked(directory) }
            throw .system(error)
        }
        let opened = try Opening(directory: directory, configuration: configuration)
        segment = opened.segment
        report = opened.report
        head = report.head
        headFile = opened.headFile
        encoder = RecordEncoder(
            next: opened.next, hash: head.hash, time: max(report.time, Timestamp(microseconds: 0)))
        do throws(SystemError) {
            // First, for the first commit makes a new head.
            if let loss = report.headLoss {
                try append(loss)
            }
            if let cut = report.cut {
                try append(
                    JournalRecovered(
                        segment: cut.segment, offset: cut.offset, bytes: cut.bytes,
                        keptAs: cut.keptAs.name.description))
            }
            if !report.accepted.isEmpty {
                let log = LogDirectory(path: directory, storage: storage)
                let places = report.accepted.prefix(100).map { log.accepting($0) }
                try append(JournalDamaged(damages: Array(places)), by: .user(getuid()))
            }
        } catch {
            throw .system(error)
        }
        report.head = head
        if configuration.makesIndexes {
            indexer = Indexer(
                directory: directory, segment: segment.first, end: segment.end,
                pieceSize: configuration.indexPiece, storage: storage)
        }
    }

    /// Encodes batches; they are on the disk after `commit`.
    func encode(_ drafts: [EventDraft]) -> [Event] {
        if encoder.lines.isEmpty { encoder.advance(to: configuration.clock()) }
        return encoder.append(drafts, durable: head.sequence)
    }

    /// Makes room for what was encoded, or for so many bytes that will be. - Throws: ENOSPC or
    /// EDQUOT when the disk is full: nothing has happened then, and it may be tried again.
    func reserve(_ bytes: Int? = nil) throws(SystemError) {
        let bytes = bytes ?? encoder.lines.count
        do throws(SystemError) { try makeRoom(for: bytes) } catch {
            // What the next segment holds already is worth more to the records that wait.
            guard LogEnd.isFull(error), abandonPreparation() else { throw error }
            return try makeRoom(for: bytes)
        }
        prepareNext(segment.end + bytes)
    }

    private func makeRoom(for bytes: Int) throws(SystemError) {
        let end = segment.end + bytes
        let isFull = end > configuration.segmentSize || end > segment.room && next?.isReady == true
        if isFull, segment.end > 0 { try roll() }
        try segment.reserveRoom(for: bytes)
    }

    private func roll() throws(SystemError) {
        try segment.cut()
        let size = next?.size ?? 0
        if let file = finishPreparation() {
            segment = try ActiveSegment(
                adopting: file, room: size, as: head.sequence + 1, in: directory,
                reserve: configuration.reserve, storage: storage)
        } else {
            segment = try ActiveSegment(
                making: head.sequence + 1, in: directory, reserve: configuration.reserve,
                storage: storage)
        }
        report.segments += 1
    }

    /// From the middle of a segment on, the next one is filled at the pace at which this one is used.
    private func prepareNext(_ end: Int) {
        let half = segment.room / 2
        guard configuration.preparesSegments, end > half else { return }
        if next == nil {
            let size = min(2 * segment.room, configuration.segmentSize)
            // Near the end of the disk a segment is made when it is needed.
            guard segment.hasFree(2 * size) else { return }
            next = SegmentPreparation(size: size, in: directory, storage: storage)
        }
        // Ready a little before this segment is full.
        if let next { next.allow((end - half) * 9 / 8 * (next.size / max(1, half)) + end / 8) }
    }

    /// Nothing writes to the name any more after this.
    private func finishPreparation() -> StoredFile? {
        defer { next = nil }
        return next?.finish()
    }

    /// Gives back the room of the next segment. False: there is none in the making.
    private func abandonPreparation() -> Bool {
        guard next != nil else { return false }
        _ = finishPreparation()
        try? storage.unlink(directory.appending(SegmentName.next))
        return true
    }

    /// Ends what runs in the background. Nothing is written after it.
    func finish() {
        _ = finishPreparation()
        indexer?.finish()
        indexer = nil
    }

    /// Writes what was encoded and forces it to the disk; it counts after `commit`. After an error the
    /// end of the log is unknown, and nothing may be written any more.
    ///
    /// - Parameter last: what is done between the two.
    func write(_ last: () throws(SystemError) -> Void = {}) throws(SystemError) {
        try segment.append(encoder.lines, last)
        encoder.clear()
    }

    /// What was written counts from now on.
    func commit() throws(SystemError) {
        head = JournalHead(sequence: encoder.next - 1, hash: encoder.hash)
        try headFile.note(head)
        indexer?.advance(segment: segment.first, end: segment.end)
        needsWatermark = true
    }

    /// Proves that everything before was on the disk. Nil when the last record does so already, and
    /// when the disk is too full for it.
    func appendWatermark() throws(SystemError) -> Event? {
        guard needsWatermark else { return nil }
        needsWatermark = false
        do throws(SystemError) { try reserve(4096) } catch {
            if LogEnd.isFull(error) { return nil }
            throw error
        }
        let event = try appendOwn("journal.watermark", payload: Array("{}".utf8))
        needsWatermark = false
        return event
    }

    static func isFull(_ error: SystemError) -> Bool { error.isDiskFull }

    /// Forces the head to the disk.
    func syncHead() throws(SystemError) { try headFile.sync() }

    /// Lets another process write the journal.
    func unlock() { lock = nil }

    @discardableResult
    private func appendOwn(
        _ type: String, payload: [UInt8], by actor: Actor = .system
    ) throws(SystemError) -> Event? {
        let name = SHA256.hash(Array("\(type) after \(head)".utf8)).words
        let events = encode([
            EventDraft(
                id: EventID(high: name.0, low: name.1), type: type, subject: .workspace,
                actor: actor, payload: payload)
        ])
        try reserve()
        try write()
        try commit()
        return events.first
    }

    private func append<P: EventPayload>(
        _ payload: P, by actor: Actor = .system
    ) throws(SystemError) {
        let value = try? JSONValue(encoding: payload)
        try appendOwn(P.type, payload: value?.bytes ?? Array("{}".utf8), by: actor)
    }
}
