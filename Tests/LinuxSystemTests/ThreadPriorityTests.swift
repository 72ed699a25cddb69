import Foundation
import LinuxSystem
import Testing

@Suite struct ThreadPriorityTests {
    private struct Standing: Equatable, Sendable {
        var policy = sched_getscheduler(0)
        var nice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
    }

    @Test func `a thread in the background gives way, and it alone`() async throws {
        let before = try await BlockingThread.run { Standing() }
        let after = try await BlockingThread.run { () -> Standing in
            ThreadPriority.giveWay()
            return Standing()
        }
        // 3 is SCHED_BATCH.
        #expect(after.policy == 3)
        #expect(after.nice >= 10)
        #expect(try await BlockingThread.run { Standing() } == before)
    }

    @Test func `it leaves a real-time policy`() async throws {
        let policies = try await BlockingThread.run { () -> (Int32, Int32) in
            var priority = sched_param(sched_priority: 1)
            _ = sched_setscheduler(0, SCHED_FIFO, &priority)
            let before = sched_getscheduler(0)
            ThreadPriority.giveWay()
            return (before, sched_getscheduler(0))
        }
        guard policies.0 == SCHED_FIFO else {
            print("SKIPPED: this user may give a thread no real-time policy")
            return
        }
        #expect(policies.1 == 3)
    }
}
