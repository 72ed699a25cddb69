import Checksums
import Glibc
import LinuxSystem
import Millrace
import Testing
import Watching

/// A folder with a watcher on it, whose reports are folded as a journal would fold them.
final class WatchedFolder: Sendable {
    let root: FilePath
    private let state = Guarded(State())

    private struct State {
        var known = KnownFiles()
        var reports: [WatchReport] = []
        var watcher: Watcher?
        var consumer: Task<Void, Never>?
        var ingested = 0
        var failures = 0
        var isHeld = false
        var mustHold = false
        var holdsFrom = 0
        /// What comes now is lost, as after a kill.
        var isDead = false
        var contradictions: [String] = []
    }

    private struct IngestFailure: Error {}

    init() throws {
        root = FilePath("/tmp/millrace-watch-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        try Files.makeDirectories(root)
    }

    deinit { removeTree(root) }

    /// Starts a watcher that knows what was reported so far.
    func start(_ adapt: (inout WatchConfiguration) -> Void = { _ in }) throws {
        var configuration = WatchConfiguration(root: root, inputs: [.everything])
        adapt(&configuration)
        let watcher = try Watcher(configuration, known: known) { [weak self] file, status in
            try self?.enterIngest(status.size)
            return try digest(of: file)
        }
        let consumer = Task { [weak self] in
            for await batch in watcher.changes {
                self?.fold(batch.reports)
                batch.acknowledge()
            }
        }
        state.withLock {
            $0.watcher = watcher
            $0.consumer = consumer
        }
    }

    private func fold(_ reports: [WatchReport]) {
        state.withLock { state in
            if state.isDead { return }
            for report in reports {
                if let why = Self.contradiction(of: report, with: state.known) {
                    state.contradictions.append(why)
                }
                state.known.apply(report)
            }
            state.reports += reports
        }
    }

    /// Why a report cannot be true, or says what is known already.
    private static func contradiction(
        of report: WatchReport, with known: KnownFiles
    ) -> String? {
        switch report {
        case .refused(let refusal):
            return known[refusal.path] == refusal.version ? "refused again \(refusal)" : nil
        case .change(let change):
            let before = known[change.path]
            let holds =
                switch change.kind {
                case .added: before?.digest == nil
                case .changed: before?.digest != nil && before != change.version
                case .touched: before?.digest == change.version.digest && before != change.version
                case .removed: before != nil
                case .moved(let old): known[old]?.digest != nil && before != change.version
                }
            return holds ? nil : "\(change) after \(String(describing: before))"
        default: return nil
        }
    }

    var contradictions: [String] { state.withLock { $0.contradictions } }
    var isRunning: Bool { state.withLock { $0.watcher } != nil }

    /// Ends the watcher as a kill would: what is under way is lost.
    func kill() async {
        state.withLock { $0.isDead = true }
        await stop()
        state.withLock { $0.isDead = false }
    }

    private func enterIngest(_ size: Int) throws {
        let fails = state.withLock { state in
            state.ingested += 1
            defer { state.failures = max(0, state.failures - 1) }
            return state.failures > 0
        }
        if fails { throw IngestFailure() }
        while state.withLock({ state in
            let mustHold = state.mustHold && size >= state.holdsFrom
            state.isHeld = mustHold || (state.isHeld && state.mustHold)
            return mustHold
        }) { _ = sched_yield() }
    }

    /// Holds the thread that stores the next file of this size, or lets it go.
    func hold(_ isOn: Bool, from size: Int = 0) {
        state.withLock { state in
            state.mustHold = isOn
            state.holdsFrom = size
        }
    }
    var isHeld: Bool { state.withLock { $0.isHeld } }
    var ingested: Int { state.withLock { $0.ingested } }
    func failNextIngests(_ count: Int) { state.withLock { $0.failures = count } }

    func stop() async {
        let (watcher, consumer) = state.withLock { state in
            defer { state.watcher = nil }
            return (state.watcher, state.consumer)
        }
        await watcher?.stop()
        await consumer?.value
    }

    func barrier() async { await state.withLock { $0.watcher }?.barrier() }

    var known: KnownFiles { state.withLock { $0.known } }
    var reports: [WatchReport] { state.withLock { $0.reports } }

    /// The reports about files since the last call, as `added a`, `moved a b`, `refused l`.
    func takeLines() -> [String] {
        state.withLock { state in
            defer { state.reports = [] }
            return state.reports.compactMap { report in
                switch report {
                case .change(let change):
                    switch change.kind {
                    case .added: "added \(change.path)"
                    case .changed: "changed \(change.path)"
                    case .touched: "touched \(change.path)"
                    case .removed: "removed \(change.path)"
                    case .moved(let old): "moved \(old) \(change.path)"
                    }
                case .refused(let refusal): "refused \(refusal.path)"
                default: nil
                }
            }
        }
    }

    func path(_ name: String) -> FilePath { root.appending(name) }

    func write(_ name: String, _ text: String) throws {
        let path = path(name)
        try Files.makeDirectories(path.parent)
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll(Array(text.utf8))
    }

    func waitUntil(_ condition: @Sendable (WatchedFolder) -> Bool) async -> Bool {
        let end = monotonicNanoseconds() + 300_000_000_000
        while monotonicNanoseconds() < end {
            if condition(self) { return true }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return false
    }
}

func digest(of file: borrowing FileDescriptor) throws -> Digest {
    var hash = SHA256()
    var offset = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
        if count == 0 { return Digest(words: hash.finish().words) }
        hash.update(chunk[..<count])
        offset += count
    }
}

func removeTree(_ path: FilePath) {
    if (try? FileStatus.of(path))??.kind == .directory {
        for name in (try? Files.names(in: path)) ?? [] { removeTree(path.appending(name)) }
        _ = path.withCString { rmdir($0) }
    } else {
        try? Files.unlink(path)
    }
}
