import CLinux
import Checksums
import Glibc
import LinuxSystem
package import Millrace

/// The output folders of a real workspace. Each write is a temporary file and a rename, so that a
/// reader sees the old or the new and a repeated call changes nothing.
package struct WorkspaceFolders: OutputFolders {
    private let layout: WorkspaceLayout
    private let files: VaultFiles

    package init(_ layout: WorkspaceLayout, _ files: VaultFiles) {
        self.layout = layout
        self.files = files
    }

    /// - Throws: for a path outside the folders that Millrace writes. A proposal beside an input is
    ///   the one exception: the watcher passes such names over.
    private func resolve(_ path: WorkspacePath) throws -> FilePath {
        let parts = path.components
        let isOutput = WorkspaceLayout.outputs.contains(parts.first ?? "") && parts.count > 1
        let isProposal =
            parts.first == "contracts" && parts.count == 2 && path.name.contains(".proposed.")
        guard isOutput || isProposal else {
            throw ReactionError(
                "\(path) is not in a folder that plugins may write "
                    + "(\(WorkspaceLayout.outputs.joined(separator: ", ")))", retryable: false)
        }
        return layout.path(of: path)
    }

    /// Where a file is made before it is put in its place: not where people and web servers look, as
    /// long as that is on the same disk. The same name each time: a reaction that was killed is done
    /// again, and leaves nothing behind.
    private func temporary(for file: FilePath) throws -> FilePath {
        try Files.makeDirectories(layout.outgoing, mode: 0o700)
        if try FileStatus.of(layout.outgoing)?.device == FileStatus.of(file.parent)?.device {
            let name = Digest(words: SHA256.hash(file.bytes).words).hex.prefix(32)
            return layout.outgoing.appending("\(name).tmp")
        }
        return file.parent.appending(".\(file.name.string.prefix(100)).tmp")
    }

    /// Removes what a process that was killed left half made. For the one daemon, before it works.
    package func removeLeftovers() throws {
        guard try FileStatus.of(layout.outgoing) != nil else { return }
        for name in try Files.names(in: layout.outgoing) {
            try? Files.unlink(layout.outgoing.appending(name))
        }
    }

    package func write(_ bytes: [UInt8], to path: WorkspacePath) throws {
        let file = try resolve(path)
        try Files.makeDirectories(file.parent)
        try Files.replace(file, with: bytes, temporary: try temporary(for: file))
    }

    package func place(_ digest: Digest, at path: WorkspacePath) throws {
        let file = try resolve(path)
        try Files.makeDirectories(file.parent)
        let temporary = try temporary(for: file)
        try? Files.unlink(temporary)
        let source = try files.open(digest)
        let copy = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o444)
        do {
            if clinux_clone_file(copy.raw, source.raw) != 0 {
                var copied = 1
                while copied > 0 {
                    copied = try systemCall("copy_file_range") {
                        clinux_copy_file_range(source.raw, copy.raw, 1 << 30)
                    }
                }
            }
            try copy.syncData()
            try Files.rename(temporary, file)
        } catch {
            try? Files.unlink(temporary)
            throw error
        }
        try Files.syncDirectory(file.parent)
    }

    package func link(_ path: WorkspacePath, to target: WorkspacePath) throws {
        let file = try resolve(path)
        try Files.makeDirectories(file.parent)
        // Relative, so that the link holds when the workspace is moved or mounted elsewhere.
        let up = String(repeating: "../", count: path.components.count - 1)
        let destination = FilePath(up).appending(FilePath(bytes: target.bytes))
        let temporary = try temporary(for: file)
        try? Files.unlink(temporary)
        _ = try destination.withCString { to throws(SystemError) in
            try temporary.withCString { from throws(SystemError) in
                try systemCall("symlink", file.description) { symlink(to, from) }
            }
        }
        try Files.rename(temporary, file)
        try Files.syncDirectory(file.parent)
    }

    package func target(of path: WorkspacePath) throws -> WorkspacePath? {
        try WorkspaceFolders.target(of: try resolve(path))
    }

    /// Where a link of the workspace leads; nil when it is none.
    static func target(of file: FilePath) throws -> WorkspacePath? {
        guard try FileStatus.of(file)?.kind == .symbolicLink else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try file.withCString { name throws(SystemError) in
            try systemCall("readlink", file.description) { readlink(name, &buffer, buffer.count) }
        }
        let parts = buffer[..<count].map { UInt8(bitPattern: $0) }.split(
            separator: UInt8(ascii: "/")
        ).drop {
            $0.elementsEqual("..".utf8)
        }
        return WorkspacePath(bytes: Array(parts.joined(separator: [UInt8(ascii: "/")])))
    }

    package func read(_ path: WorkspacePath, limit: Int) throws -> [UInt8] {
        let file = try resolve(path)
        // Through the stage's link, as a server would; the last component itself is no link.
        return try Files.read(file, limit: limit)
    }

    package func remove(_ path: WorkspacePath) throws {
        try Files.removeFolder(try resolve(path))
    }

    package func absolute(_ path: WorkspacePath) -> String { layout.path(of: path).string }
}
