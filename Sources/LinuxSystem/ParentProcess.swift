import CLinux
import Glibc

/// The process that started this one.
package enum ParentProcess {
    /// Asks the kernel for SIGTERM when the parent's thread that started this process ends.
    package static func followIntoDeath() throws(SystemError) {
        let parent = getppid()
        try systemCall("prctl") { clinux_set_parent_death_signal(SIGTERM) }
        // It may have ended before the kernel was asked.
        if getppid() != parent { kill(getpid(), SIGTERM) }
    }
}
