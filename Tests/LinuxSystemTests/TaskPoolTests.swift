import LinuxSystem
import Testing

@Suite struct TaskPoolTests {
    @Test func `tasks on the pool run and their children too`() async {
        let sum = await withCheckedContinuation { continuation in
            TaskPool.start {
                let total = await withTaskGroup(of: Int.self) { group in
                    for number in 1...100 {
                        group.addTask {
                            await Task.yield()
                            return number
                        }
                    }
                    return await group.reduce(0, +)
                }
                continuation.resume(returning: total)
            }
        }
        #expect(sum == 5050)
    }

    @Test func `no sleeper wakes before its moment, in whatever order they came`() async {
        let early = await withTaskGroup(of: Bool.self) { group in
            for delay in [60, 20, 40, 0] {
                group.addTask {
                    let began = ContinuousClock.now
                    try? await TaskPool.sleep(seconds: Double(delay) / 1000)
                    // The queue counts in whole milliseconds.
                    return ContinuousClock.now - began < .milliseconds(delay - 1)
                }
            }
            return await group.contains(true)
        }
        #expect(!early)
    }

    @Test func `a cancelled sleeper does not wait for its moment`() async {
        let began = ContinuousClock.now
        let task = Task { try await TaskPool.sleep(seconds: 600) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - began < .seconds(600))
    }
}
