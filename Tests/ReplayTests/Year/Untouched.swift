import Foundation
import Glibc
import LinuxSystem

/// Watches a folder with all below it, for whether anything is written there: what every file is,
/// before and after, and what the kernel tells in between.
final class Untouched {
    private let root: String
    private let descriptor: CInt
    private let before: [String: String]

    init(_ root: FilePath) throws {
        self.root = root.description
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        before = try Untouched.look(self.root)
        let mask = UInt32(
            IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
                | IN_CLOSE_WRITE)
        for (name, what) in before where what.hasPrefix("d") {
            guard inotify_add_watch(descriptor, name, mask) >= 0 else {
                throw SystemError(.current, "inotify_add_watch", name)
            }
        }
    }

    deinit { close(descriptor) }

    /// What was written since; empty when nothing was.
    func changes() throws -> [String] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &buffer, buffer.count)
        var found = count > 0 ? ["the kernel tells of \(count) bytes of changes"] : []
        let after = try Untouched.look(root)
        for name in Set(before.keys).union(after.keys).sorted() where before[name] != after[name] {
            found.append("\(name): \(before[name] ?? "-") became \(after[name] ?? "-")")
        }
        return found
    }

    /// Kind, inode, size and the times of modification and change, by path.
    private static func look(_ root: String) throws -> [String: String] {
        var found: [String: String] = [:]
        let below = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        for name in [root] + below.map({ root + "/" + $0 }) {
            var status = stat()
            guard lstat(name, &status) == 0 else { continue }
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "d" : "f"
            found[name] =
                "\(kind) \(status.st_ino) \(status.st_mode) \(status.st_size) "
                + "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) "
                + "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
        }
        return found
    }
}
