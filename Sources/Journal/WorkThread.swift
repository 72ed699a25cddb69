import Glibc

/// A thread that runs one piece of work and can be waited for.
package final class WorkThread {
    private var thread = pthread_t()

    /// Nil when the system gives no thread.
    package init?(_ work: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Work(work))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        if code != 0 {
            box.release()
            return nil
        }
    }

    /// Waits for the end of the work. Must be called once.
    package func join() { pthread_join(thread, nil) }

    private final class Work {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
