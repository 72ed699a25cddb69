package import Journal
package import LinuxSystem

/// The disk without the waiting: a journal that is written once for a test need not survive a power cut.
package struct UnsyncedStorage: WrappedStorage {
    package let base = LinuxStorage()

    package init() {}

    package func syncData(_ file: CInt) throws(SystemError) {}
    package func syncDirectory(_ path: FilePath) throws(SystemError) {}
}
