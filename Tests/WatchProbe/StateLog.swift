import Glibc
import LinuxSystem
import Millrace
import Watching

/// What was reported, a line a report: enough to start again from, and no more than the suite needs.
struct StateLog: ~Copyable {
    private let file: FileDescriptor
    private let path: FilePath

    init(_ path: FilePath) throws {
        self.path = path
        file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
    }

    func append(_ reports: [WatchReport], isDurable: Bool) throws {
        var lines: [UInt8] = []
        for report in reports {
            switch report {
            case .change(let change):
                if case .moved(let old) = change.kind { line(&lines, old, nil) }
                let isRemoved = change.kind == .removed
                line(&lines, change.path, isRemoved ? nil : change.version)
            case .refused(let refusal): line(&lines, refusal.path, refusal.version)
            default: break
            }
        }
        if lines.isEmpty { return }
        try file.writeAll(lines)
        if isDurable { try file.syncData() }
    }

    private func line(_ lines: inout [UInt8], _ path: WorkspacePath, _ version: FileVersion?) {
        var fields = [path.description]
        if let version {
            fields += [version.device, version.inode].map(String.init)
            fields += [Int64(version.size), version.modified, version.changed].map(String.init)
            fields += [version.user, version.group, version.mode].map(String.init)
            fields.append(version.digest?.hex ?? "-")
        }
        lines.append(contentsOf: fields.joined(separator: " ").utf8)
        lines.append(UInt8(ascii: "\n"))
    }

    /// The fold of all whole lines, read in pieces: the suite measures the watcher's memory.
    func known() throws -> KnownFiles {
        var known = KnownFiles()
        let reader = try FileDescriptor.open(path, O_RDONLY)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var rest: [UInt8] = []
        while true {
            let count = try chunk.withUnsafeMutableBytes { try reader.read(into: $0) }
            if count == 0 { return known }
            rest += chunk[..<count]
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
            for line in rest[..<end].split(separator: UInt8(ascii: "\n")) {
                let fields = line.split(separator: UInt8(ascii: " "))
                guard let first = fields.first,
                    let path = WorkspacePath(escaped: String(decoding: first, as: UTF8.self))
                else { continue }
                known[path] = version(fields.dropFirst())
            }
            rest.removeFirst(end + 1)
        }
    }

    private func version(_ fields: ArraySlice<ArraySlice<UInt8>>) -> FileVersion? {
        let texts = fields.map { String(decoding: $0, as: UTF8.self) }
        let numbers = texts.prefix(8).compactMap { Int64($0) }
        guard texts.count == 9, numbers.count == 8 else { return nil }
        return FileVersion(
            device: UInt64(clamping: numbers[0]), inode: UInt64(clamping: numbers[1]),
            size: Int(numbers[2]), modified: numbers[3], changed: numbers[4],
            user: UInt32(clamping: numbers[5]), group: UInt32(clamping: numbers[6]),
            mode: UInt32(clamping: numbers[7]), digest: Digest(hex: texts[8]))
    }
}
