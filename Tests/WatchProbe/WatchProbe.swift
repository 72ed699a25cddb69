import Checksums
import Glibc
import LinuxSystem
import Millrace
import Vault
import Watching

/// The watcher by itself, for the file-watching suite: prints one absolute path a report, and
/// remembers in `$WATCH_STATE` what it has reported.
///
///     WatchProbe ROOT              hashes files where they are
///     WatchProbe ROOT --durable    copies them into a vault, and prints what is on the disk
@main struct WatchProbe {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else {
            print("usage: WatchProbe ROOT [--durable]")
            exit(2)
        }
        do {
            let isDurable = arguments.contains("--durable")
            try run(root: FilePath(arguments[1]), isDurable: isDurable)
        } catch {
            print("#error \(error)")
            exit(1)
        }
    }

    private static func run(root: FilePath, isDurable: Bool) throws {
        let folder = getenv("WATCH_STATE").map { FilePath(String(cString: $0)) } ?? FilePath(".")
        let log = try StateLog(folder.appending("reports"))
        let vault = isDurable ? try Vault(directory: folder.appending("vault")) : nil
        try vault?.removeLeftovers()
        let configuration = WatchConfiguration(
            root: root, inputs: [.everything],
            // The suite counts hidden files, too.
            ignored: WatchConfiguration.usualTemporaryNames.filter { $0 != ".*" },
            scanInterval: .milliseconds(500))
        let watcher = try Watcher(configuration, known: try log.known()) { file, _ in
            try vault?.ingest(file).digest ?? hash(file)
        }
        var lines: [UInt8] = []
        while let batch = watcher.nextBlocking() {
            for report in batch.reports { append(report, below: root, to: &lines) }
            try vault?.sync()
            try log.append(batch.reports, isDurable: isDurable)
            try writeAll(lines)
            lines.removeAll(keepingCapacity: true)
            batch.acknowledge()
        }
    }

    private static func hash(_ file: borrowing FileDescriptor) throws -> Digest {
        var hash = SHA256()
        var offset = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { return Digest(words: hash.finish().words) }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    private static func append(
        _ report: WatchReport, below root: FilePath, to lines: inout [UInt8]
    ) {
        switch report {
        case .change(let change): append(change.path, below: root, to: &lines)
        case .refused(let refusal): append(refusal.path, below: root, to: &lines)
        case .recognised: break
        case .ready: lines.append(contentsOf: "#ready\n".utf8)
        case .overflowed: lines.append(contentsOf: "#overflow\n".utf8)
        case .recovered(let reason): lines.append(contentsOf: "#recovered \(reason)\n".utf8)
        case .degraded(let part):
            let place = part.part?.description ?? "."
            lines.append(
                contentsOf: "#degraded \(place): \(part.reason), \(part.directories)\n".utf8)
        }
    }

    private static func append(
        _ path: WorkspacePath, below root: FilePath, to lines: inout [UInt8]
    ) {
        lines.append(contentsOf: root.bytes)
        lines.append(UInt8(ascii: "/"))
        lines.append(contentsOf: path.bytes)
        lines.append(UInt8(ascii: "\n"))
    }

    private static func writeAll(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let rest = bytes[done...]
            done += try systemCall("write") {
                rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            }
        }
    }
}
