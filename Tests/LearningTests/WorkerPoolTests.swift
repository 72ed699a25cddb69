import Testing

@testable import Learning

struct WorkerPoolTests {
    @Test(arguments: [1, 2, 5])
    func `each part of each job is done once`(threads: Int) {
        let pool = WorkerPool(threads: threads)
        #expect(pool.threadCount == threads)
        let done = Buffer<Int>(repeating: 0, count: 100)
        for parts in 0..<100 {
            pool.run(parts: parts) { done.base[$0] += 1 }
        }
        withExtendedLifetime(done) {
            for part in 0..<99 { #expect(done.base[part] == 99 - part) }
            #expect(done.base[99] == 0)
        }
    }
}
