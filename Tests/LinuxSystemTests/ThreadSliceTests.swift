import Foundation
import LinuxSystem
import Testing

@Suite struct ThreadSliceTests {
    /// What the kernel says of the calling thread; nil where it does not say it.
    private static func slice() -> Int? {
        guard let text = try? Files.read(FilePath("/proc/thread-self/sched"), limit: 1 << 16),
            let line = String(decoding: text, as: UTF8.self).split(separator: "\n")
                .first(where: { $0.hasPrefix("se.slice") })
        else { return nil }
        return line.split(separator: ":").last.flatMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
    }

    @Test func `a thread with short turns starts threads with the usual ones`() async throws {
        let slices = try await BlockingThread.run { () -> (before: Int?, after: Int?) in
            let before = Self.slice()
            ThreadSlice.shorten()
            return (before, Self.slice())
        }
        guard let before = slices.before, let after = slices.after, before > 100_000 else {
            print("SKIPPED: the kernel does not say how long a thread's turns are")
            return
        }
        // Before Linux 6.12 a thread cannot choose.
        guard after != before else {
            print("SKIPPED: the kernel does not let a thread choose its turns")
            return
        }
        #expect(after == 100_000)
        let inner = try await BlockingThread.run { () -> Guarded<Int?> in
            ThreadSlice.shorten()
            let (inner, ended) = (Guarded<Int?>(nil), ThreadSemaphore())
            try BlockingThread.start {
                inner.withLock { $0 = Self.slice() }
                ended.signal()
            }
            ended.wait()
            return inner
        }
        #expect(inner.withLock { $0 } == before)
    }
}
