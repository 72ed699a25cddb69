import Millrace
import Synchronization

/// The folders that Millrace writes, in memory.
final class MemoryFolders: OutputFolders {
    enum Entry: Equatable {
        case file([UInt8])
        case link(WorkspacePath)
    }

    private let entries: Mutex<[WorkspacePath: Entry]>
    private let files: MemoryFiles

    init(_ files: MemoryFiles, _ entries: [WorkspacePath: Entry] = [:]) {
        self.files = files
        self.entries = Mutex(entries)
    }

    var all: [WorkspacePath: Entry] { entries.withLock { $0 } }

    var contents: [String: [UInt8]] {
        entries.withLock { entries in
            var contents: [String: [UInt8]] = [:]
            for (path, entry) in entries {
                switch entry {
                case .file(let bytes): contents[path.description] = bytes
                case .link(let target): contents[path.description] = Array("-> \(target)".utf8)
                }
            }
            return contents
        }
    }

    func write(_ bytes: [UInt8], to path: WorkspacePath) throws {
        entries.withLock { $0[path] = .file(bytes) }
    }

    func place(_ digest: Digest, at path: WorkspacePath) throws {
        try write(try files.bytes(of: digest, limit: .max), to: path)
    }

    func link(_ path: WorkspacePath, to target: WorkspacePath) throws {
        entries.withLock { $0[path] = .link(target) }
    }

    func target(of path: WorkspacePath) throws -> WorkspacePath? {
        entries.withLock { if case .link(let target) = $0[path] { target } else { nil } }
    }

    func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] {
        let resolved = entries.withLock { entries -> [UInt8]? in
            if case .file(let bytes) = entries[path] { return bytes }
            // One link among the folders above, as deployments have.
            let parts = path.bytes.split(separator: UInt8(ascii: "/"))
            for count in 1...max(parts.count, 1) {
                let head = Array(parts.prefix(count).joined(separator: [UInt8(ascii: "/")]))
                guard let folder = WorkspacePath(bytes: head),
                    case .link(let target) = entries[folder]
                else { continue }
                let tail = parts.dropFirst(count).flatMap { [UInt8(ascii: "/")] + $0 }
                guard let real = WorkspacePath(bytes: target.bytes + tail) else { continue }
                if case .file(let bytes) = entries[real] { return bytes }
            }
            return nil
        }
        guard let resolved else { throw ReactionError("there is no file \(path)") }
        guard resolved.count <= limit else { throw ReactionError("\(path) is too large") }
        return resolved
    }

    func remove(_ path: WorkspacePath) throws {
        entries.withLock { entries in
            let prefix = path.bytes + [UInt8(ascii: "/")]
            for key in entries.keys where key == path || key.bytes.starts(with: prefix) {
                entries[key] = nil
            }
        }
    }

    func absolute(_ path: WorkspacePath) -> String { "/workspace/\(path)" }
}
