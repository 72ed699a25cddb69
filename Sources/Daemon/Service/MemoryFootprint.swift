import CLinux
import Glibc
import LinuxSystem

/// Gives memory back when there is nothing to do.
package enum MemoryFootprint {
    /// Few threads allocate much at the same time: they share what was freed.
    package static func prepare() { clinux_limit_arenas(2) }

    /// Returns free heap pages to the kernel, and unmaps the program's own code, which is clean: what
    /// is needed again comes back from the page cache by a minor fault. A burst of work so leaves no
    /// trace in what an idle daemon holds.
    static func trim() {
        clinux_trim_heap()
        guard let file = try? FileDescriptor.open(FilePath("/proc/self/maps"), O_RDONLY),
            let bytes = try? file.readAll(limit: 1 << 20),
            let program = try? FilePath.ofProgram()
        else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // Only code, which nobody writes: other private mappings may hold changes.
            guard fields.count == 6, fields[1] == "r-xp", fields[5] == program.string else {
                continue
            }
            let ends = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard ends.count == 2, ends[1] > ends[0],
                let start = UnsafeMutableRawPointer(bitPattern: ends[0])
            else { continue }
            madvise(start, Int(ends[1] - ends[0]), CInt(MADV_DONTNEED))
        }
    }
}

extension FilePath {
    /// This program's own file.
    fileprivate static func ofProgram() throws(SystemError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try systemCall("readlink", "/proc/self/exe") {
            readlink("/proc/self/exe", &buffer, buffer.count)
        }
        return FilePath(bytes: buffer[..<count].map { UInt8(bitPattern: $0) })
    }
}
