import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization
import Vault

/// Obeys the settings about retention while the daemon runs, and the commands about it, on a thread of
/// the lowest priority that sleeps until something is due.
final class RetentionKeeper: Sendable {
    struct Sources: Sendable {
        let layout: WorkspaceLayout
        let writer: JournalWriter
        let vault: Vault
        let snapshots: StateKeeper
        /// Those whose pending events keep what was needed when they happened.
        let plugins: @Sendable () -> [RegisteredPlugin]
        let settings: @Sendable () -> RetentionSettings
        let log: @Sendable (LogLevel, String) -> Void
    }

    private struct State {
        var requests: [RetentionRequest] = []
        var isEnding = false
        var hasThread = false
        /// When the vault is to be looked at again; nil for now.
        var vaultDue: Timestamp?
        /// Nothing can become old in the vault until something new is journaled.
        var waitsForNews = false
    }

    private let sources: Sources
    private let state: Mutex<State>
    private let wake: WakeUp
    private let timer: WallTimer
    private let ended = ThreadSemaphore()

    /// So many segments are moved before it is asked again whether the daemon ends.
    private static let segmentsAtOnce = 8
    /// After an error it looks again. Seconds.
    private static let pause = 3600.0

    /// - Parameter open: commands of the past that nobody has answered.
    init(_ sources: Sources, open: [RetentionRequest]) throws(SystemError) {
        self.sources = sources
        state = Mutex(State(requests: open))
        wake = try WakeUp()
        timer = try WallTimer()
    }

    func start() {
        do {
            state.withLock { $0.hasThread = true }
            try DetachedThread.start { self.run() }
        } catch {
            state.withLock { $0.hasThread = false }
            sources.log(.warning, "nothing is archived or removed: \(error)")
        }
    }

    /// Takes committed events into account. On the journal's thread: it only notes them.
    func committed(_ events: [Event]) {
        let requests = events.compactMap { RetentionRequest($0) }
        let isChange = events.contains { $0.type == SettingsAccepted.type }
        let mustLook = state.withLock { state in
            state.requests += requests
            if isChange { state.vaultDue = nil }
            if state.waitsForNews { state.vaultDue = WallClock.now.advanced(bySeconds: 60) }
            defer { state.waitsForNews = false }
            return isChange || state.waitsForNews || !requests.isEmpty
        }
        if mustLook { wake.signal() }
    }

    /// Ends when what it does at the moment is done. Nothing is begun after this.
    func stop() {
        let hasThread = state.withLock { state in
            state.isEnding = true
            return state.hasThread
        }
        guard hasThread else { return }
        wake.signal()
        ended.wait()
    }

    /// Does what there is to do now, on the caller's thread, where none was started.
    func runOnce() { _ = look() }

    // MARK: the thread

    /// - Returns: when there is something to do next.
    private func look() -> Timestamp? {
        let requests = state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
        for request in requests where !isEnding { answer(request) }
        return [obeyJournal(), obeyVault()].compactMap { $0 }.min()
    }

    private func run() {
        ThreadPriority.giveWay()
        while !isEnding {
            let due = look()
            do {
                try timer.set(due?.microseconds)
                _ = try waitReadable(
                    [wake.descriptor.raw, timer.descriptor.raw], milliseconds: nil)
            } catch {
                sources.log(.warning, "nothing is archived or removed any more: \(error)")
                break
            }
            wake.clear()
            timer.clear()
        }
        ended.signal()
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    // MARK: the journal

    /// - Returns: when there is something to do next.
    private func obeyJournal() -> Timestamp? {
        let settings = sources.settings().journal
        guard settings.keep > .zero else { return nil }
        do {
            let end = WallClock.now.advanced(bySeconds: -settings.keep.seconds)
            let reader = JournalReader(directory: sources.layout.journal)
            let sequence = try reader.sequence(at: end) ?? .max
            while !isEnding {
                if try archive(before: sequence, atMost: Self.segmentsAtOnce) == nil { break }
            }
            // The one in use is at least so young.
            let next = try JournalArchive.endOfFirst(reader) ?? WallClock.now
            return max(
                next.advanced(bySeconds: settings.keep.seconds),
                WallClock.now.advanced(bySeconds: 1))
        } catch {
            sources.log(.warning, "the journal could not be archived, nothing is lost: \(error)")
            return WallClock.now.advanced(bySeconds: Self.pause)
        }
    }

    private func archive(
        before sequence: UInt64, atMost count: Int = .max, for request: RetentionRequest? = nil
    ) throws -> JournalArchived? {
        let folder = FilePath(sources.settings().journal.archive)
        return try sources.snapshots.exclusively { maker in
            try JournalArchive.move(
                sources.writer, sources.layout, maker, before: sequence, to: folder,
                atMost: count, cause: request?.cause)
        }
    }

    // MARK: the vault

    /// - Returns: when to look again; nil when only something new can change anything.
    private func obeyVault() -> Timestamp? {
        let settings = sources.settings().vault
        guard settings.keep > .zero else { return nil }
        if let due = state.withLock({ $0.vaultDue }), due > WallClock.now { return due }
        var seconds = Self.pause
        do {
            let reader = JournalReader(directory: sources.layout.journal)
            let head = sources.writer.head.sequence
            let last = try reader.record(head)?.time ?? WallClock.now
            let passed = WallClock.now.seconds(since: last)
            try collect()
            MemoryFootprint.trim()
            seconds = min(max(settings.keep.seconds / 10, 60), 86_400)
            // Everything was looked at that could become old without anything new.
            let isDone = passed > settings.keep.seconds
            let waits = state.withLock { state in
                state.waitsForNews = isDone && sources.writer.head.sequence == head
                return state.waitsForNews
            }
            if waits { return nil }
        } catch {
            sources.log(.warning, "bytes that are old stay in the vault: \(error)")
        }
        let due = WallClock.now.advanced(bySeconds: seconds)
        state.withLock { $0.vaultDue = due }
        return due
    }

    /// Removes what nothing needs.
    ///
    /// - Returns: how many objects that was.
    @discardableResult
    private func collect(for request: RetentionRequest? = nil) throws -> Int {
        let keep = sources.settings().vault.keep
        let plan = try VaultCollection(
            sources.layout, sources.vault, plugins: sources.plugins(), keep: keep,
            now: WallClock.now)
        var rest = plan.objects[...]
        while !rest.isEmpty, !isEnding {
            let part = Array(rest.prefix(VaultCollected.objectLimit))
            rest = rest.dropFirst(part.count)
            let collected = VaultCollected(
                objects: part, keep: keep, unneededSince: plan.since,
                uid: request?.command.uid)
            _ = try sources.writer.appendBlocking([try draft(collected, for: request)])
            for object in part {
                _ = try sources.vault.collect(object.sha256, storedBefore: plan.storedBefore)
            }
        }
        return plan.objects.count
    }

    // MARK: commands

    private func answer(_ request: RetentionRequest) {
        do {
            guard let reason = try refusal(request) else { return }
            try decline(request, reason)
        } catch {
            sources.log(.warning, "'\(request.command.command)' failed: \(error)")
            // Where that cannot be written either, the daemon ends for it.
            try? decline(request, "\(error)")
        }
    }

    /// Does what is asked for. - Returns: why nothing was done; nil when it was.
    private func refusal(_ request: RetentionRequest) throws -> String? {
        let settings = sources.settings()
        if request.command.command == VaultCollected.command {
            guard settings.vault.keep > .zero else {
                return "millrace.json does not say how long bytes are kept: retention.vault.keep"
            }
            return try collect(for: request) > 0
                ? nil : "nothing in the vault was unneeded for \(settings.vault.keep)"
        }
        guard !settings.journal.archive.isEmpty else {
            return "millrace.json does not say where to: retention.journal.archive"
        }
        guard
            let before = request.command.arguments["before"]?.integerValue.flatMap({
                UInt64(exactly: $0)
            })
        else { return "it does not say before which record" }
        return try archive(before: before, for: request) == nil
            ? "no segment that is full lies wholly before record \(before)" : nil
    }

    private func decline(_ request: RetentionRequest, _ reason: String) throws {
        let declined = CommandDeclined(request.command, reason: reason)
        _ = try sources.writer.appendBlocking([try draft(declined, for: request)])
    }

    private func draft(
        _ payload: some EventPayload, for request: RetentionRequest?
    ) throws -> EventDraft {
        var draft = try Intake.outside(payload, actor: .system, at: WallClock.now)
        if let request {
            draft.causation = request.id
            draft.correlation = request.correlation
        }
        return draft
    }
}
