import Console
import Daemon
import Foundation
import Glibc
import LinuxSystem

/// Runs the program itself, and watches everything that it could write to: the year's workspace, a
/// home, a working directory and a folder for temporary files of its own. What every file is, before
/// and after, and what the kernel tells in between.
final class Untouched {
    private let year: Year
    private let around: String
    private let descriptor: CInt
    private let before: [String: String]
    /// By the kernel's number: the watched folder.
    private var folders: [CInt: String] = [:]

    private var home: String { around + "/home" }
    private var directory: String { around + "/here" }
    private var temporary: String { around + "/tmp" }
    private var roots: [String] { [year.layout.root.description, around] }

    /// A scratch folder of the program, while it runs.
    private static let scratch = "millrace-"

    init(_ year: Year) throws {
        self.year = year
        around = "/tmp/millrace-around-\(UInt32.random(in: 0 ... .max))"
        for folder in ["home", "here", "tmp"] {
            try Files.makeDirectories(FilePath(around).appending(folder))
        }
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        before = Untouched.look([year.layout.root.description, around])
        let mask = UInt32(
            IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
                | IN_CLOSE_WRITE)
        for (name, what) in before where what.hasPrefix("d") {
            let watch = inotify_add_watch(descriptor, name, mask)
            guard watch >= 0 else { throw SystemError(.current, "inotify_add_watch", name) }
            folders[watch] = name
        }
    }

    deinit {
        close(descriptor)
        try? Files.removeFolder(FilePath(around))
    }

    /// Runs a command line in the year's workspace.
    func run(_ words: String...) throws -> Year.Answer {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "millrace")
        process.arguments = words + ["--workspace", year.layout.root.description]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": temporary]
        process.currentDirectoryURL = URL(filePath: directory)
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        try process.run()
        func all(_ pipe: Pipe) -> String {
            String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        let answer = (out: all(out), err: all(err))
        process.waitUntilExit()
        return Year.Answer(
            code: ExitCode(rawValue: process.terminationStatus) ?? .work, out: answer.out,
            err: answer.err)
    }

    /// What was written since, outside of scratch folders that are gone; empty when nothing was.
    func changes() -> [String] {
        var found = told()
        let after = Untouched.look(roots)
        for name in Set(before.keys).union(after.keys).sorted() where before[name] != after[name] {
            // A scratch folder came and went in it.
            if name == temporary, after[name]?.prefix(1) == "d" { continue }
            found.append("\(name): \(before[name] ?? "-") became \(after[name] ?? "-")")
        }
        return found
    }

    /// What the kernel tells.
    private func told() -> [String] {
        var found: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            var place = 0
            let head = MemoryLayout<inotify_event>.size
            while place + head <= count {
                let event = buffer.withUnsafeBytes {
                    $0.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
                }
                let bytes = buffer[(place + head)...].prefix(Int(event.len)).prefix { $0 != 0 }
                place += head + Int(event.len)
                let name = String(decoding: bytes, as: UTF8.self)
                let folder = folders[event.wd] ?? "a folder"
                if folder == temporary, name.hasPrefix(Untouched.scratch) { continue }
                found.append("\(folder)/\(name): the kernel tells of change \(event.mask)")
            }
        }
        return found
    }

    /// Kind, inode, size and the times of modification and change, by path.
    private static func look(_ roots: [String]) -> [String: String] {
        var found: [String: String] = [:]
        let all = roots.flatMap { root in
            let below = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String }
            return [root] + (below ?? []).map { root + "/" + $0 }
        }
        for name in all {
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
