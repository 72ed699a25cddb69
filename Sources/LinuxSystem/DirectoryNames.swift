import CLinux
import Glibc

/// Listing large trees: no copy of a name, no allocation a file.
extension FileDescriptor {
    /// The longest name that a file system may have, with its terminating zero.
    private static let nameCapacity = 256

    /// Calls `body` with each name in this directory, from where it was read last, in no order; `.`
    /// and `..` are left out. The bytes are valid during the call alone.
    ///
    /// - Parameter buffer: room for entries, at least 4096 bytes.
    package func forEachName(
        using buffer: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SystemError) {
        // struct linux_dirent64: inode, offset, length of the entry, kind, name (getdents64(2)).
        let (lengthOffset, nameOffset) = (16, 19)
        while true {
            let count = try systemCall("getdents64") {
                clinux_getdents(raw, buffer.baseAddress, buffer.count)
            }
            if count == 0 { return }
            var offset = 0
            while offset + nameOffset <= count {
                let length = Int(
                    buffer.loadUnaligned(fromByteOffset: offset + lengthOffset, as: UInt16.self))
                if length < nameOffset || offset + length > count { return }
                let padded = UnsafeRawBufferPointer(
                    rebasing: buffer[(offset + nameOffset)..<(offset + length)])
                let name = UnsafeRawBufferPointer(
                    rebasing: padded[..<(padded.firstIndex(of: 0) ?? padded.count)])
                let isDots = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
                if !isDots { body(name) }
                offset += length
            }
        }
    }

    /// The status of a name in this directory, links not followed; nil when there is nothing.
    package func status(ofName name: UnsafeRawBufferPointer) throws(SystemError) -> FileStatus? {
        guard name.count < Self.nameCapacity else { return nil }
        let result = withUnsafeTemporaryAllocation(byteCount: Self.nameCapacity, alignment: 1) {
            room -> Result<FileStatus?, SystemError> in
            room.copyMemory(from: name)
            room[name.count] = 0
            var status = stat()
            let path = room.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let path, fstatat(raw, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                let failure = Errno.current
                if failure == .notFound || failure == .notDirectory { return .success(nil) }
                return .failure(SystemError(failure, "fstatat", FilePath.escaped(name)))
            }
            return .success(FileStatus(status))
        }
        return try result.get()
    }
}
