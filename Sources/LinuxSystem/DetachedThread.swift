import Glibc

/// A plain thread that nobody joins: for loops that block in system calls, which the threads of the
/// concurrency runtime must not.
package enum DetachedThread {
    private final class Start: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Throws: EAGAIN when there are as many threads as allowed.
    package static func start(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let held = Unmanaged.passRetained(Start(run))
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument {
                    Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, held.toOpaque())
        if code != 0 {
            held.release()
            throw SystemError(Errno(code), "pthread_create")
        }
        pthread_detach(thread)
    }
}
