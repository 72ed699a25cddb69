import Glibc

extension Files {
    /// Removes a folder with everything below it, a link as a link; says nothing when it is gone.
    package static func removeFolder(_ path: FilePath, depth: Int = 0) throws(SystemError) {
        guard let status = try FileStatus.of(path) else { return }
        if status.kind == .directory, depth < 128 {
            for name in try Files.names(in: path) {
                try removeFolder(path.appending(name), depth: depth + 1)
            }
            _ = try path.withCString { name throws(SystemError) in
                try systemCall("rmdir", path.description) { rmdir(name) }
            }
        } else {
            try Files.unlink(path)
        }
    }
}
