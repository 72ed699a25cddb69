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

    @Test func `sleepers wake in the order of their moments, not of their calls`() async throws {
        let order = await withTaskGroup(of: Int.self) { group in
            for delay in [60, 20, 40] {
                group.addTask {
                    try? await TaskPool.sleep(seconds: Double(delay) / 1000)
                    return delay
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(order == [20, 40, 60])
    }

    @Test func `a cancelled sleeper does not wait for its moment`() async {
        let began = ContinuousClock.now
        let task = Task { try await TaskPool.sleep(seconds: 600) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - began < .seconds(60))
    }
}
