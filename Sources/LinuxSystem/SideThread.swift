import Glibc

/// A second thread for work that its owner waits for while it does its own. Used by one thread at a
/// time; the second one starts with the first work, and waits without cost for the next.
package final class SideThread: @unchecked Sendable {
    // Unchecked: the semaphores hand the state from one thread to the other and back.

    package typealias Work = @Sendable () throws(SystemError) -> Void

    private final class Exchange: @unchecked Sendable {
        let begun = ThreadSemaphore()
        let ended = ThreadSemaphore()
        var work: Work?
        var failure: SystemError?

        func run() {
            while true {
                begun.wait()
                guard let work else { return }
                do throws(SystemError) { try work() } catch { failure = error }
                self.work = nil
                ended.signal()
            }
        }
    }

    private let exchange = Exchange()
    private var isRunning = false

    package init() {}

    deinit { if isRunning { exchange.begun.signal() } }

    /// Starts work; `end` must follow.
    package func begin(_ work: @escaping Work) {
        exchange.failure = nil
        if !isRunning {
            let exchange = exchange
            do throws(SystemError) {
                try BlockingThread.start { exchange.run() }
                isRunning = true
            } catch {
                // Without a second thread it is done here and now.
                do throws(SystemError) { try work() } catch { exchange.failure = error }
                exchange.ended.signal()
                return
            }
        }
        exchange.work = work
        exchange.begun.signal()
    }

    /// Waits for the work that was begun. - Throws: its error.
    package func end() throws(SystemError) {
        exchange.ended.wait()
        if let failure = exchange.failure { throw failure }
    }
}
