import Glibc

/// The process that started this one.
package enum ParentProcess {
    /// Sends this process SIGTERM when its parent has ended. The caller has blocked the signal for itself
    /// and all threads that it starts, and waits for it.
    ///
    /// The parent is held by a descriptor that stands for this one process for ever (pidfd_open(2)).
    /// The kernel's own signal for it, PR_SET_PDEATHSIG, comes already when the one thread ends that
    /// started this process, while the parent lives on.
    ///
    /// - Parameter parent: the process that is expected there; when it is another one already, the
    ///   SIGTERM comes at once.
    package static func followIntoDeath(_ parent: Int32) throws(SystemError) {
        let end: FileDescriptor
        do throws(SystemError) {
            end = try ChildProcess.descriptor(of: parent)
        } catch {
            guard error.errno == Errno(ESRCH) else { throw error }
            kill(getpid(), SIGTERM)
            return
        }
        // It may have ended, and its number been given to another, before it was held.
        guard getppid() == parent else {
            kill(getpid(), SIGTERM)
            return
        }
        // Open for as long as this process lives.
        let raw = end.release()
        try BlockingThread.start {
            while (try? waitReadable([raw], milliseconds: nil)) != [true] {}
            kill(getpid(), SIGTERM)
        }
    }
}
