import CLinux
import Glibc

/// A queue of notifications from the kernel, inotify(7).
package struct Inotify: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    /// What is asked for, or what has happened, as inotify's bits.
    package struct Mask: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let modified = Mask(rawValue: 0x2)
        package static let attributes = Mask(rawValue: 0x4)
        package static let closedAfterWriting = Mask(rawValue: 0x8)
        package static let movedFrom = Mask(rawValue: 0x40)
        package static let movedTo = Mask(rawValue: 0x80)
        package static let created = Mask(rawValue: 0x100)
        package static let deleted = Mask(rawValue: 0x200)
        package static let deletedSelf = Mask(rawValue: 0x400)
        package static let movedSelf = Mask(rawValue: 0x800)
        package static let unmounted = Mask(rawValue: 0x2000)
        package static let overflowed = Mask(rawValue: 0x4000)
        package static let ignored = Mask(rawValue: 0x8000)
        /// Fails unless the path is a directory.
        package static let onlyDirectory = Mask(rawValue: 0x100_0000)
        /// No events for what was unlinked while it was open.
        package static let excludeUnlinked = Mask(rawValue: 0x400_0000)
        package static let isDirectory = Mask(rawValue: 0x4000_0000)
    }

    /// One notification. `name` is valid during the callback alone, and empty for the watched inode
    /// itself.
    package struct Notification {
        package let watch: Int32
        package let mask: Mask
        package let name: UnsafeRawBufferPointer
    }

    /// - Throws: EMFILE when the user has as many queues as allowed
    ///   (`fs.inotify.max_user_instances`).
    package init() throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try systemCall("inotify_init1") { clinux_inotify_init() })
    }

    /// Watches exactly the inode that is open, whatever its path has become meanwhile. Watching an
    /// inode again gives the number that it has already.
    ///
    /// - Throws: ENOSPC when the user has as many watches as allowed
    ///   (`fs.inotify.max_user_watches`).
    package func watch(
        _ open: borrowing FileDescriptor, _ mask: Mask
    ) throws(SystemError) -> Int32 {
        let raw = open.raw
        return try FilePath("/proc/self/fd/\(raw)").withCString { path throws(SystemError) in
            try systemCall("inotify_add_watch", "descriptor \(raw)") {
                clinux_inotify_add_watch(descriptor.raw, path, mask.rawValue)
            }
        }
    }

    /// Ends a watch; says nothing when it has ended by itself.
    package func end(_ watch: Int32) {
        _ = clinux_inotify_rm_watch(descriptor.raw, watch)
    }

    /// Hands over what is in the queue now, without waiting, at most one buffer full.
    ///
    /// - Returns: false when the queue was empty.
    package func drain(
        into buffer: UnsafeMutableRawBufferPointer, _ body: (Notification) -> Void
    ) throws(SystemError) -> Bool {
        let count: Int
        do throws(SystemError) {
            count = try descriptor.read(into: buffer)
        } catch {
            if error.errno == .again { return false }
            throw error
        }
        let headSize = 16
        var offset = 0
        while offset + headSize <= count {
            let watch = buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self)
            let mask = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = Int(buffer.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            let end = min(offset + headSize + length, count)
            let padded = UnsafeRawBufferPointer(rebasing: buffer[(offset + headSize)..<end])
            let name = UnsafeRawBufferPointer(rebasing: padded.prefix { $0 != 0 })
            body(Notification(watch: watch, mask: Mask(rawValue: mask), name: name))
            offset = end
        }
        return count > 0
    }
}
