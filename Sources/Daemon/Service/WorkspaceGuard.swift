import Glibc
import LinuxSystem

/// Notices when the workspace, or what the daemon keeps in it, is taken away while it runs.
///
/// The files that are open go on to be written although nobody can find them any more: what would be
/// acknowledged then would be lost. So the daemon ends, and says why.
final class WorkspaceGuard: Sendable {
    private struct Kept {
        var path: FilePath
        var inode: UInt64
        var device: UInt64
    }

    private let queue: Inotify
    private let kept: [Kept]
    private let journal: FilePath

    /// Nil where the kernel has no more queues or watches: then nothing is noticed.
    init?(_ layout: WorkspaceLayout) {
        guard let queue = try? Inotify() else { return nil }
        journal = layout.journal
        var kept: [Kept] = []
        let folders = [layout.root, layout.state, layout.journal]
        for path in folders + [layout.journal.appending("lock")] {
            guard let status = (try? FileStatus.of(path)) ?? nil else { return nil }
            kept.append(Kept(path: path, inode: status.inode, device: status.device))
        }
        // The root may be a link: what it leads to counts.
        kept.removeFirst()
        for path in folders {
            guard let directory = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY),
                (try? queue.watch(directory, [.deleted, .movedFrom, .deletedSelf, .movedSelf]))
                    != nil
            else { return nil }
        }
        Self.watchAbove(layout.root, queue)
        self.kept = kept
        self.queue = queue
    }

    /// A directory above that is moved takes the workspace with it: the paths of everything in it
    /// change. Where one may not be read it is not noticed at once, but with the next drop.
    private static func watchAbove(_ root: FilePath, _ queue: borrowing Inotify) {
        var directory = (try? FileDescriptor.open(root, O_RDONLY | O_DIRECTORY))
        var last: FileStatus?
        while let open = directory.take(), let status = try? open.status(),
            status.inode != last?.inode || status.device != last?.device
        {
            if last != nil { _ = try? queue.watch(open, [.deletedSelf, .movedSelf]) }
            last = status
            directory = try? open.open(at: FilePath(".."), O_RDONLY | O_DIRECTORY)
        }
    }

    var descriptor: CInt { queue.descriptor.raw }

    /// What is gone, or has been replaced by another; nil when everything is where it was.
    func loss() -> String? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 14, alignment: 8)
        defer { buffer.deallocate() }
        while (try? queue.drain(into: buffer, { _ in })) == true {}
        for one in kept {
            guard let there = (try? FileStatus.of(one.path)) ?? nil else {
                return "\(one.path) is gone"
            }
            if there.inode != one.inode || there.device != one.device {
                return "\(one.path) is another than at the start"
            }
        }
        let names = (try? Files.names(in: journal)) ?? []
        return names.contains { $0.string.hasSuffix(".jsonl") }
            ? nil : "the segments of \(journal) are gone"
    }
}
