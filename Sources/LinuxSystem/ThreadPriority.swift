import CLinux

/// Who goes first where threads want the same processor.
package enum ThreadPriority {
    /// For the calling thread, when it works in the background: all others go first.
    ///
    /// Where the program runs under a real-time policy (systemd's `CPUSchedulingPolicy`, `chrt`), the
    /// thread leaves it, for else the kernel's own threads, which carry the answers of the disk, would
    /// have to wait for it.
    package static func giveWay() { clinux_lower_priority() }
}
