import Glibc

/// Every regular file below a folder, hidden ones too, sorted by path.
func templateFiles(in folder: String) -> [SourceFile] {
    names(in: folder, below: "").map { path in
        let full = folder + "/" + path
        var status = stat()
        guard stat(full, &status) == 0 else { fail("cannot look at \(full)") }
        return SourceFile(
            path: path, isExecutable: status.st_mode & S_IXUSR != 0, bytes: readFile(full))
    }
}

private func names(in folder: String, below prefix: String) -> [String] {
    guard let directory = opendir(folder) else { fail("cannot read the folder \(folder)") }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name == "." || name == ".." { continue }
        var status = stat()
        guard lstat(folder + "/" + name, &status) == 0 else { fail("cannot look at \(name)") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: found += names(in: folder + "/" + name, below: prefix + name + "/")
        case S_IFREG: found.append(prefix + name)
        default: fail("\(folder)/\(name) is neither a file nor a folder: it cannot be embedded")
        }
    }
    return found.sorted()
}

/// The bytes of a file; nil when there is none.
func existingFile(_ path: String) -> [UInt8]? {
    access(path, F_OK) == 0 ? readFile(path) : nil
}

private func readFile(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { fail("cannot open \(path)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count >= 0 else { fail("cannot read \(path)") }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}

func writeOutput(_ bytes: [UInt8], to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { fail("cannot write \(path)") }
    defer { close(descriptor) }
    var done = 0
    while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { fail("cannot write \(path)") }
        done += count
    }
}
