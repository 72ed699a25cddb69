import CLinux
import Glibc

/// The process that started this one.
package enum ParentProcess {
    /// Asks the kernel for SIGTERM when the parent's thread that started this process ends.
    ///
    /// - Parameter parent: the process that is expected there; when it is another one already, the
    ///   SIGTERM comes at once.
    package static func followIntoDeath(_ parent: Int32) throws(SystemError) {
        try systemCall("prctl") { clinux_set_parent_death_signal(SIGTERM) }
        // It may have ended before the kernel was asked.
        if getppid() != parent { kill(getpid(), SIGTERM) }
    }
}
