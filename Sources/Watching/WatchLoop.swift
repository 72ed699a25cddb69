import Glibc
import LinuxSystem
import Millrace
import Synchronization

/// The watcher's thread: it waits for hints, looks where they point, and reports.
///
/// A hint never changes what is known: it puts a name into the queue of names to be looked at. Every
/// accident (start, overflow, a directory that appeared, a root that came back) does the same with
/// whole directories, in a queue of their own, so that all races have the same answer: look again.
///
/// Everything here belongs to the one thread; `Delivery` alone is shared.
final class WatchLoop {
    let configuration: WatchConfiguration
    let rules: InputRules
    let ingest: Watcher.Ingest
    let delivery: Delivery
    let kernel = kernelVersion()

    var tree: FileTree
    /// Which directory the root is; nil while there is none.
    var rootIdentity: Identity?
    /// The root while there is work. It is closed before every sleep, because a directory that
    /// somebody has open does not announce its deletion.
    var root: OpenDirectory?
    var inotify: OpenInotify?
    var watches: [Int32: FileTree.NodeID] = [:]
    /// Of the watches that are on files: which file.
    var watchedInodes: [Int32: UInt64] = [:]
    var traits: [UInt64: DeviceTraits] = [:]

    /// Names that a notification pointed at, before all others.
    var hot = WorkQueue()
    /// Directories to be scanned.
    var folders = WorkQueue()
    /// Names that a scan found different.
    var cold = WorkQueue()
    /// Directory scans and looks belong to the epoch in which they were asked for; a barrier ends
    /// one and waits until nothing of it, and of those before, is left.
    var epoch: UInt32 = 0
    var outstanding: [UInt32: Int] = [:]

    var waits: [FileTree.NodeID: (wait: Settling.Wait, epoch: UInt32)] = [:]
    var due = DueQueue()
    /// What could not be stored and was said so.
    var unstored: [FileTree.NodeID: Settling.Sight] = [:]
    /// Large files that are being copied beside this thread.
    var copies: [FileTree.NodeID: AsideCopy] = [:]
    var asideQueue: AsideQueue?
    /// What has been copied and waits for the rest of its set.
    var held: [FileTree.NodeID: HeldFile] = [:]
    /// When a directory that is held together by a quiet period will have been quiet.
    var quietEnds: [[UInt8]: Int64] = [:]
    /// Names that lead to nothing any more, until it is clear that they were not moved.
    var vanished: [WorkQueue.Item] = []
    var vanishedSince: Int64?

    /// Directories without notifications.
    var unwatched: [FileTree.NodeID: Degradation.Reason] = [:]
    var announced: [Degradation.Reason: Degradation] = [:]
    var unwatchedChanged = false
    var nextScan: Int64?
    var scanNanoseconds: Int64 = 0

    /// Files that have not changed since before this were read when any later change moved their ctime.
    private let begun: Int64
    var reports: [WatchReport] = []
    var barriers: [Barrier] = []
    /// Barriers that began under another configuration and begin again.
    private var inherited: [CheckedContinuation<Void, Never>] = []
    /// Begun before this loop, for its first look.
    var survey: Survey?
    var isInitial = true
    var needsReconcile = false
    var suspectsRoot = false
    /// While the root is gone: when to try again, and the watch on the nearest directory above.
    var rootRetry: Int64?
    var ancestorWatch: Int32?

    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)

    struct Identity: Equatable {
        var inode: UInt64
        var device: UInt64
    }

    final class OpenDirectory: Sendable {
        let descriptor: FileDescriptor
        let identity: Identity

        init(_ path: FilePath) throws(SystemError) {
            let descriptor = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
            let status = try descriptor.status()
            identity = Identity(inode: status.inode, device: status.device)
            self.descriptor = descriptor
        }
    }

    final class OpenInotify: Sendable {
        let queue: Inotify
        init() throws(SystemError) { queue = try Inotify() }
    }

    /// What a file system can be relied upon for.
    struct DeviceTraits {
        var silentName: String?
        var hasFineTimestamps: Bool
    }

    struct Barrier {
        var epoch: UInt32
        /// Set once everything of the epoch is reported: the batch it is in.
        var batch: UInt64?
        var continuation: CheckedContinuation<Void, Never>
    }

    init(
        _ configuration: WatchConfiguration, _ known: consuming FileTree,
        _ ingest: @escaping Watcher.Ingest, _ delivery: Delivery
    ) {
        self.configuration = configuration
        rules = InputRules(configuration)
        self.ingest = ingest
        self.delivery = delivery
        tree = known
        let (clock, tick) = fileClock()
        begun = clock - 2 * tick
        if rules.isEverything { tree[FileTree.root].flags.insert(.inside) }
    }

    deinit { buffer.deallocate() }

    // MARK: The thread

    /// What the thread starts with, handed over: a second owner would cost a copy of it all.
    struct Start: ~Copyable, Sendable {
        var configuration: WatchConfiguration
        var known: KnownFiles
        var survey: Survey?
        var ingest: Watcher.Ingest
        var delivery: Delivery
    }

    static func start(_ start: consuming Start) throws(SystemError) {
        FileDescriptor.ignoreLeaseSignals()
        let box = StartBox(start)
        try DetachedThread.start {
            ThreadSlice.shorten()
            guard var loop = box.take() else { return }
            while let next = loop.run() { loop = next }
        }
    }

    /// - Returns: the loop that goes on under another configuration; nil when it was stopped.
    func run() -> WatchLoop? {
        openRoot()
        while true {
            var requests = delivery.takeRequests()
            requests.barriers += inherited
            inherited = []
            if requests.isStopping {
                asideQueue?.end()
                delivery.end(barriers.map(\.continuation) + requests.barriers)
                return nil
            }
            if let new = requests.configuration, new != configuration {
                return successor(new, requests.barriers)
            }
            drain()
            if suspectsRoot { checkRoot() }
            if needsReconcile { reconcile() }
            beginBarriers(requests.barriers)
            wakeWaiting()
            releaseQuietSets()
            finishCopies()
            let isFull = delivery.isFull()
            if !isFull, hasWork {
                holdRoot()
                work()
            }
            if !hasWork { settleVanished() }
            if !hasWork { announce() }
            delivery.publish(&reports, isIdle: !hasWork)
            endBarriers()
            delivery.coverage.note(watched: watches.count, scanned: unwatched.count)
            rest(isFull: isFull)
        }
    }

    /// A loop that knows what this one knows, and looks at everything anew.
    private func successor(
        _ configuration: WatchConfiguration, _ waiting: [CheckedContinuation<Void, Never>]
    ) -> WatchLoop {
        asideQueue?.end()
        inotify = nil
        tree.forgetWork()
        let next = WatchLoop(configuration, tree, ingest, delivery)
        next.announced = announced
        // What was degraded is said to be watched again if it is.
        next.unwatchedChanged = true
        next.isInitial = isInitial
        next.inherited = barriers.map(\.continuation) + waiting
        return next
    }

    /// Whether a file that is like this still has the bytes that were read: a clock of this machine
    /// gave it its ctime, and had gone on when it was read.
    func isSettledLongAgo(_ version: FileVersion) -> Bool {
        guard let here = traits[version.device] else { return false }
        return here.silentName == nil && version.changed < begun
    }

    var hasWork: Bool {
        rootIdentity != nil && !(hot.isEmpty && folders.isEmpty && cold.isEmpty)
    }

    /// Sleeps until there is something to do.
    private func rest(isFull: Bool) {
        let moments = [
            due.next, nextScan, rootRetry, quietEnds.values.min(),
            rootIdentity == nil ? nil : vanishedSince.map { $0 + Self.vanishedLimit },
        ].compactMap(\.self)
        var milliseconds: Int?
        if hasWork, !isFull {
            milliseconds = 0
        } else if let next = moments.min(), !isFull {
            let rest = max(0, next - monotonicNanoseconds())
            milliseconds = Int((rest + Settling.millisecond - 1) / Settling.millisecond)
        }
        if milliseconds != 0 { root = nil }
        let queue = inotify?.queue.descriptor.raw ?? -1
        let ready = try? waitReadable(
            [queue, delivery.wakeUp.descriptor.raw], milliseconds: milliseconds)
        if ready?[1] == true { delivery.wakeUp.clear() }
    }

    /// Takes everything out of the kernel's queue before any slow work, so that it does not overflow.
    func drain() {
        guard let inotify else { return }
        var rounds = 0
        while rounds < 1024,
            (try? inotify.queue.drain(into: buffer, { hint($0) })) == true
        {
            rounds += 1
        }
    }

    /// How long one turn works before it drains again.
    private static let turn: Int64 = 2 * Settling.millisecond

    /// Looks at names and scans directories, those hinted at first.
    private func work() {
        let end = monotonicNanoseconds() + Self.turn
        var count = 0
        repeat {
            if let item = hot.pop() {
                tree.unpin(item.id, .hot)
                look(item.id, item.epoch)
                finish(item.epoch)
            } else if let item = folders.pop() {
                tree.unpin(item.id, .scan)
                if tree[item.id].kind == .directory { scan(item.id, item.epoch) }
                finish(item.epoch)
            } else if let item = cold.pop() {
                let isStillWanted = tree[item.id].flags.contains(.cold)
                tree.unpin(item.id, .cold)
                if isStillWanted { look(item.id, item.epoch) }
                finish(item.epoch)
            } else {
                return
            }
            count += 1
        } while root != nil && monotonicNanoseconds() < end
            && reports.count < configuration.unacknowledgedLimit
    }

    // MARK: Queues

    func enqueueHot(_ id: FileTree.NodeID, _ epoch: UInt32) {
        guard !tree[id].flags.contains(.hot) else { return }
        tree[id].flags.insert(.hot)
        outstanding[epoch, default: 0] += 1
        hot.append(WorkQueue.Item(id: id, epoch: epoch))
    }

    func enqueueCold(_ id: FileTree.NodeID, _ epoch: UInt32) {
        guard tree[id].flags.isDisjoint(with: [.hot, .cold]) else { return }
        tree[id].flags.insert(.cold)
        outstanding[epoch, default: 0] += 1
        cold.append(WorkQueue.Item(id: id, epoch: epoch))
    }

    func enqueueScan(_ id: FileTree.NodeID, _ epoch: UInt32, deep: Bool) {
        if deep { tree[id].flags.insert(.deep) }
        guard !tree[id].flags.contains(.scan) else { return }
        tree[id].flags.insert(.scan)
        outstanding[epoch, default: 0] += 1
        folders.append(WorkQueue.Item(id: id, epoch: epoch))
    }

    func finish(_ epoch: UInt32) {
        guard let count = outstanding[epoch] else { return }
        outstanding[epoch] = count > 1 ? count - 1 : nil
    }
}

/// Gives what a thread starts with to that thread, and keeps nothing of it.
private final class StartBox: Sendable {
    private let start: Mutex<WatchLoop.Start?>

    init(_ start: consuming WatchLoop.Start) { self.start = Mutex(start) }

    func take() -> WatchLoop? {
        guard let start = start.withLock({ $0.take() }) else { return nil }
        let loop = WatchLoop(
            start.configuration, start.known.tree, start.ingest, start.delivery)
        loop.survey = start.survey
        return loop
    }
}
