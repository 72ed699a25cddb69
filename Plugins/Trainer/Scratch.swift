import Glibc
import Millrace

/// A job's own folder on the disk, where a program of the user's finds its files and leaves its own.
///
/// Names within it are checked, so that nothing is written or read outside.
struct Scratch {
    let root: String

    /// The absolute path of a name below the folder.
    func absolute(_ name: String) -> String { "\(root)/\(name)" }

    func makeFolder(_ name: String) throws {
        guard unsafe mkdir(absolute(name), 0o755) == 0 || errno == EEXIST else {
            throw failure("mkdir", absolute(name))
        }
    }

    /// Writes a file, with the folders above it.
    func write(
        _ bytes: [UInt8], to folder: String, _ parts: some Sequence<some Sequence<UInt8>>,
        mode: mode_t
    ) throws {
        let tail = Array(parts.map { Array($0) }.joined(separator: [UInt8(ascii: "/")]))
        guard let path = WorkspacePath(bytes: Array("\(folder)/".utf8) + tail) else {
            throw ReactionError("a file of \(folder) has no usable name", retryable: false)
        }
        let components = path.bytes.split(separator: UInt8(ascii: "/"))
        for count in 1..<components.count {
            let above = Array(components.prefix(count).joined(separator: [UInt8(ascii: "/")]))
            try unsafe withPath(above) { name in
                guard unsafe mkdir(name, 0o755) == 0 || errno == EEXIST else {
                    throw failure("mkdir", "\(path)")
                }
            }
        }
        try unsafe withPath(path.bytes) { name in
            // What an earlier attempt left is in the way, and may be read-only.
            _ = unsafe unlink(name)
            let file = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
            guard file >= 0 else { throw failure("open", "\(path)") }
            defer { close(file) }
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes[sent...].withUnsafeBytes {
                    unsafe Glibc.write(file, $0.baseAddress, $0.count)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("write", "\(path)") }
                sent += count
            }
        }
    }

    /// Reads a regular file that the program left; a link, a device or a pipe is refused.
    func read(_ name: String, limit: Int) throws -> [UInt8] {
        let file = unsafe open(absolute(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw failure("open", name) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw failure("fstat", name) }
        guard status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size) else {
            throw ReactionError("\(name) is no regular file", retryable: false)
        }
        guard size <= limit else {
            throw ReactionError(
                "\(name) has \(size) bytes, the limit is \(limit)", retryable: false)
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var received = 0
        while received < size {
            let count = unsafe bytes[received...].withUnsafeMutableBytes {
                unsafe Glibc.read(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", name) }
            if count == 0 { break }
            received += count
        }
        return Array(bytes.prefix(received))
    }

    /// The names in a folder that are UTF-8, in the order of their bytes.
    func names(in folder: String) throws -> [String] {
        guard let stream = unsafe opendir(absolute(folder)) else {
            throw failure("opendir", folder)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream), names.count < 10_000 {
            let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe Array(raw.prefix { $0 != 0 })
            }
            guard let name = String(validating: bytes, as: UTF8.self) else { continue }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func withPath<R>(
        _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws -> R
    ) throws -> R {
        let full = (Array("\(root)/".utf8) + bytes + [0]).map { CChar(bitPattern: $0) }
        return try unsafe full.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                throw ReactionError("a path is empty", retryable: false)
            }
            return try unsafe body(base)
        }
    }

    private func failure(_ call: String, _ path: String) -> ReactionError {
        let code = errno
        var text = [CChar](repeating: 0, count: 128)
        let hasWords = unsafe strerror_r(code, &text, text.count) == 0
        let words =
            hasWords
            ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : "error \(code)"
        return ReactionError("\(call) \(path) in the job's folder: \(words)")
    }
}
