import Glibc
import LinuxSystem
import Millrace
import Synchronization
import Testing
import Watching

/// Everything that can go wrong with notifications ends in the same comparison.
@Suite struct WatchAccidentTests {
    @Test func `a root that is deleted and made again is watched again`() async throws {
        let folder = try WatchedFolder()
        try folder.write("before", "1")
        try folder.start()
        await folder.barrier()
        removeTree(folder.root)
        #expect(
            await folder.waitUntil { folder in
                folder.reports.contains {
                    if case .degraded(let part) = $0 { part.reason == .rootLost } else { false }
                }
            })
        try Files.makeDirectories(folder.root)
        try folder.write("after", "2")
        #expect(
            await folder.waitUntil { $0.reports.contains(.recovered(.rootLost)) })
        await folder.barrier()
        #expect(folder.takeLines().suffix(2).sorted() == ["added after", "removed before"])
        await folder.stop()
    }

    @Test func `a root that is missing at the start is waited for`() async throws {
        let folder = try WatchedFolder()
        removeTree(folder.root)
        try folder.start()
        #expect(await folder.waitUntil { !$0.reports.isEmpty })
        try Files.makeDirectories(folder.root)
        try folder.write("first", "1")
        #expect(await folder.waitUntil { $0.reports.contains(.ready) })
        await folder.barrier()
        #expect(folder.takeLines() == ["added first"])
        await folder.stop()
    }

    @Test(arguments: [false, true])
    func `what came unseen is told in the order in which it came`(whileDown: Bool) async throws {
        let folder = try WatchedFolder()
        if !whileDown {
            try folder.start()
            await folder.barrier()
        }
        let names = ["d/m", "d/b", "d/z", "d/a", "d/k", "d/c", "d/y", "d/l"]
        var last = Int64.min
        // Below another name, and moved in as a whole: only a scan can find it.
        let aside = try WatchedFolder()
        for name in names {
            var changed = last
            // A file system's clock may tick slowly.
            while changed <= last {
                try aside.write(name, name)
                changed = try FileDescriptor.open(aside.path(name), O_RDONLY).status().changed
            }
            last = changed
        }
        try Files.rename(aside.path("d"), folder.path("d"))
        if whileDown { try folder.start() }
        await folder.barrier()
        #expect(folder.takeLines() == names.map { "added \($0)" })
        await folder.stop()
    }

    @Test func `an overflow of the kernel's queue loses nothing`() async throws {
        let folder = try WatchedFolder()
        for name in ["gone", "kept", "x"] { try folder.write("d/\(name)", name) }
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        // The thread is held while it stores a file, and the queue takes 16,384 notifications.
        folder.hold(true)
        try folder.write("hold", "1")
        #expect(await folder.waitUntil { $0.isHeld })
        let limit = try Files.read(
            FilePath("/proc/sys/fs/inotify/max_queued_events"), limit: 100)
        let most = Int(String(decoding: limit.filter { $0 >= 48 }, as: UTF8.self)) ?? 16384
        for _ in 0...(most / 2) {
            try Files.rename(folder.path("d/x"), folder.path("d/y"))
            try Files.rename(folder.path("d/y"), folder.path("d/x"))
        }
        try Files.unlink(folder.path("d/gone"))
        try folder.write("new/deep/file", "1")
        folder.hold(false)
        #expect(await folder.waitUntil { $0.reports.contains(.overflowed) })
        await folder.barrier()
        let lines = Set(folder.takeLines())
        #expect(lines.isSuperset(of: ["added hold", "removed d/gone", "added new/deep/file"]))
        #expect(!lines.contains("changed d/kept"))
        try folder.write("new/deep/later", "1")
        await folder.barrier()
        #expect(folder.takeLines() == ["added new/deep/later"])
        await folder.stop()
    }

    @Test func `a write through a name outside is seen`() async throws {
        let folder = try WatchedFolder()
        let outside = try WatchedFolder()
        try outside.write("original", "1")
        _ = outside.path("original").withCString { old in
            folder.path("linked").withCString { link(old, $0) }
        }
        try folder.start()
        await folder.barrier()
        #expect(folder.takeLines() == ["added linked"])
        try outside.write("original", "changed")
        #expect(await folder.waitUntil { $0.reports.count > 1 || !$0.reports.isEmpty })
        await folder.barrier()
        #expect(folder.takeLines() == ["changed linked"])
        await folder.stop()
    }

    @Test func `a moved directory moves its files without reading them again`() async throws {
        let folder = try WatchedFolder()
        for index in 0..<20 { try folder.write("a/s/f\(index)", "\(index)") }
        try folder.start()
        await folder.barrier()
        _ = folder.takeLines()
        let before = folder.ingested
        try Files.rename(folder.path("a"), folder.path("b"))
        await folder.barrier()
        let moves = (0..<20).map { "moved a/s/f\($0) b/s/f\($0)" }
        #expect(folder.takeLines().sorted() == moves.sorted())
        #expect(folder.ingested == before)
        try folder.write("b/s/late", "1")
        await folder.barrier()
        #expect(folder.takeLines() == ["added b/s/late"])
        await folder.stop()
    }

    @Test func `what could not be stored is said once and tried until it can`() async throws {
        let folder = try WatchedFolder()
        try folder.start()
        folder.failNextIngests(1)
        try folder.write("file", "1")
        #expect(
            await folder.waitUntil { folder in
                folder.reports.contains {
                    if case .change(let change) = $0 { change.kind == .added } else { false }
                }
            })
        #expect(folder.takeLines() == ["refused file", "added file"])
        await folder.stop()
    }

    @Test func `a batch that is not acknowledged holds the barrier`() async throws {
        let root = FilePath("/tmp/millrace-watch-ack-\(getpid())")
        try Files.makeDirectories(root)
        defer { removeTree(root) }
        let watcher = try Watcher(WatchConfiguration(root: root, inputs: [.everything])) {
            file, _ in try digest(of: file)
        }
        let returned = Mutex(false)
        let barrier = Task {
            await watcher.barrier()
            returned.withLock { $0 = true }
        }
        var batches = watcher.changes.makeAsyncIterator()
        let first = try #require(await batches.next())
        #expect(first.reports == [.ready])
        #expect(!returned.withLock { $0 })
        first.acknowledge()
        await barrier.value
        #expect(returned.withLock { $0 })
        await watcher.stop()
        #expect(await batches.next()?.reports == nil)
    }
}
