import Glibc
package import LinuxSystem

/// Watches and lists all input directories beside whoever starts it, so that a start need not wait for
/// one thing after the other: a directory is watched first and listed then, as in every scan, and
/// what happens in it later is in the queue of notifications.
package final class Survey: Sendable {
    /// What is in one directory.
    struct Listing: Sendable {
        struct Entry: Sendable {
            /// Where its name ends in `names`; it begins where the one before ends.
            var nameEnd: Int
            /// Nil for what could not be looked at.
            var status: FileStatus?
        }

        /// From the root on; empty for the root.
        var path: [UInt8]
        var status: FileStatus
        var kind: FileSystemKind?
        /// Nil where it is scanned instead.
        var watch: Result<Int32, SystemError>?
        var names: [UInt8] = []
        var entries: [Entry] = []
    }

    enum Finding: Sendable {
        case listing(Listing)
        case failed([UInt8], SystemError)
    }

    private struct Place {
        var path: [UInt8]
        var isInside: Bool
        var depth: Int
    }

    private struct State {
        /// First in, first out: where watches are few, they go to the upper directories.
        var places: [Place]
        var head = 0
        /// Places that wait or are being listed.
        var open = 1
        var findings: [Finding] = []
        var isCancelled = false
    }

    let root: WatchLoop.OpenDirectory
    let inotify: WatchLoop.OpenInotify
    private let rules: InputRules
    private let depthLimit: Int
    private let state: Guarded<State>
    private let work = ThreadSemaphore()
    private let found = ThreadSemaphore()

    private static let threads = 2

    /// Begins at once. - Throws: when there is no root, no queue or no thread; all is done by the
    /// watcher then.
    package init(_ configuration: WatchConfiguration) throws(SystemError) {
        root = try WatchLoop.OpenDirectory(configuration.root)
        inotify = try WatchLoop.OpenInotify()
        rules = InputRules(configuration)
        depthLimit = configuration.depthLimit
        state = Guarded(
            State(places: [Place(path: [], isInside: rules.isEverything, depth: 0)]))
        for _ in 0..<Self.threads { try DetachedThread.start { [self] in run() } }
        work.signal()
    }

    /// Nobody wants the rest.
    package func cancel() {
        state.withLock { $0.isCancelled = true }
        for _ in 0..<Self.threads { work.signal() }
    }

    /// What has been found since the last call, a directory before what is in it; nil when all has
    /// been told.
    func next() -> [Finding]? {
        while true {
            found.wait()
            let (findings, isOver) = state.withLock { state in
                defer { state.findings = [] }
                return (state.findings, state.open == 0)
            }
            if !findings.isEmpty { return findings }
            if isOver { return nil }
        }
    }

    private func run() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            work.wait()
            let place = state.withLock { state -> Place? in
                guard !state.isCancelled, state.head < state.places.count else { return nil }
                defer { state.head += 1 }
                return state.places[state.head]
            }
            guard let place else { return }
            list(place, buffer)
        }
    }

    private func list(_ place: Place, _ buffer: UnsafeMutableRawBufferPointer) {
        var below: [Place] = []
        let finding: Finding
        do throws(SystemError) {
            finding = .listing(try listing(place, buffer, &below))
        } catch {
            finding = .failed(place.path, error)
        }
        let isLast = state.withLock { state in
            state.findings.append(finding)
            state.places += below
            state.open += below.count - 1
            return state.open == 0
        }
        found.signal()
        for _ in below { work.signal() }
        if isLast {
            // One too many, which finds nothing.
            found.signal()
            cancel()
        }
    }

    private func listing(
        _ place: Place, _ buffer: UnsafeMutableRawBufferPointer, _ below: inout [Place]
    ) throws(SystemError) -> Listing {
        let flags = O_RDONLY | O_DIRECTORY
        let directory =
            place.path.isEmpty
            ? try root.descriptor.open(at: FilePath("."), flags)
            : try root.descriptor.open(beneath: FilePath(bytes: place.path), flags)
        let status = try directory.status()
        let kind = try? FileSystemKind(of: directory)
        let mask = WatchLoop.mask(isRoot: place.path.isEmpty)
        var listing = Listing(path: place.path, status: status, kind: kind)
        if !rules.isScanned(place.path) {
            listing.watch = Result { () throws(SystemError) in
                try inotify.queue.watch(directory, mask)
            }
        }
        try directory.forEachName(using: buffer) { name in
            let inner = rules.inner(name, of: place.path, isInside: place.isInside)
            guard inner != .no else { return }
            let status = (try? directory.status(ofName: name)) ?? nil
            listing.names.append(contentsOf: name)
            listing.entries.append(
                Listing.Entry(nameEnd: listing.names.count, status: status))
            guard status?.kind == .directory, inner != .insideFile, place.depth < depthLimit else {
                return
            }
            let path = place.path.isEmpty ? Array(name) : place.path + [0x2F] + Array(name)
            below.append(Place(path: path, isInside: inner == .inside, depth: place.depth + 1))
        }
        return listing
    }
}
