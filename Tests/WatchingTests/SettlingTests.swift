import Testing

@testable import LinuxSystem
@testable import Watching

/// A file in a world where a millisecond is the smallest step: who has it open, when it changed, and
/// what the kernel would answer.
private struct World {
    /// The writer is counted during this many milliseconds, from 0.
    var writerEnds: Int64
    /// The file changes in the last millisecond of its writer.
    var settle: Int64
    var canProbe = true
    var tick: Int64 = 0
    /// A notification of the close comes this long before the writer is no longer counted.
    var hintsEarlier: Int64 = 0

    /// Looks at 0, whenever the verdict says, and when the hint comes.
    /// - Returns: the millisecond of taking in, and how often was looked; nil if only a hint could
    ///   have brought it on.
    func run() -> (taken: Int64, looks: Int)? {
        let millisecond = Settling.millisecond
        var now: Int64 = 0
        var wait: Settling.Wait?
        var looks = 0
        while looks < 100 {
            looks += 1
            let isWritten = now < writerEnds
            let changed = isWritten ? now : max(0, writerEnds - 1)
            let verdict = Settling.judge(
                previous: wait,
                sight: Settling.Sight(inode: 1, size: 1, modified: changed, changed: changed),
                writer: canProbe ? (isWritten ? .present : .none) : .unknown,
                age: (now - changed) * millisecond, now: now * millisecond,
                rule: Settling.Rule(
                    probed: settle * millisecond, unprobed: 50 * millisecond,
                    tick: tick * millisecond))
            switch verdict {
            case .take: return (now, looks)
            case .wait(let next):
                wait = next
                let hint = writerEnds - hintsEarlier
                let moments = [next.due.map { $0 / millisecond }, hint > now ? hint : nil]
                guard let earliest = moments.compactMap(\.self).min() else { return nil }
                now = max(earliest, now + 1)
                // A hint of the close makes the waiting short again.
                if now == hint { wait?.attempts = 0 }
            }
        }
        return nil
    }
}

@Suite struct SettlingTests {
    @Test func `a file is taken in at once when nobody has it open`() throws {
        let result = try #require(World(writerEnds: 0, settle: 0).run())
        #expect(result == (0, 1))
    }

    @Test func `no file is taken in while it is written, and each is afterwards`() throws {
        for end in Int64(0)...300 {
            for settle in [0, 1, 7, 40] as [Int64] {
                for tick in [0, 4] as [Int64] {
                    for early in Int64(0)...3 {
                        let world = World(
                            writerEnds: end, settle: settle, tick: tick, hintsEarlier: early)
                        let taken = try #require(world.run()).taken
                        #expect(taken >= end, "\(world)")
                        let left = max(settle, tick)
                        // After a hint that came too early it is asked again at short intervals.
                        #expect(taken <= end + early + left, "\(world)")
                    }
                }
            }
        }
    }

    @Test func `a writer that stays is asked about twelve times, then left to its close`() {
        let world = World(writerEnds: 1_000_000, settle: 0, hintsEarlier: 2_000_000)
        #expect(world.run() == nil)
        var wait: Settling.Wait?
        var delays: [Int64] = []
        let sight = Settling.Sight(inode: 1, size: 1, modified: 1, changed: 1)
        for _ in 0..<20 {
            guard
                case .wait(let next) = Settling.judge(
                    previous: wait, sight: sight, writer: .present, age: 0, now: 0,
                    rule: Settling.Rule(probed: 0, unprobed: 0, tick: 0))
            else { break }
            wait = next
            guard let due = next.due else { break }
            delays.append(due / Settling.millisecond)
        }
        #expect(delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000])
        #expect(wait?.due == nil)
    }

    @Test func `where nobody can be asked, a file must have been left alone`() throws {
        for end in Int64(1)...60 {
            let result = try #require(
                World(writerEnds: end, settle: 0, canProbe: false).run())
            #expect(result.taken >= end - 1 + 50)
            #expect(result.taken <= end + 51)
        }
    }

    @Test func `a clock that was set back delays a file by no more than its settle time`() {
        let sight = Settling.Sight(inode: 1, size: 1, modified: 1, changed: 1)
        let rule = Settling.Rule(probed: 10, unprobed: 10, tick: 0)
        let first = Settling.judge(
            previous: nil, sight: sight, writer: .none, age: -1_000_000, now: 100, rule: rule)
        guard case .wait(let wait) = first else {
            Issue.record("taken at once")
            return
        }
        #expect(wait.due == 110)
        let second = Settling.judge(
            previous: wait, sight: sight, writer: .none, age: -999_990, now: 110, rule: rule)
        #expect(second == .take)
    }

    @Test func `an empty file may be one that somebody is about to write into`() {
        let sight = Settling.Sight(inode: 1, size: 0, modified: 1, changed: 1)
        let rule = Settling.Rule(probed: 0, unprobed: 0, tick: 0)
        for age in Int64(0)..<200 {
            let verdict = Settling.judge(
                previous: nil, sight: sight, writer: .none, age: age * Settling.millisecond,
                now: 1000, rule: rule)
            let rest = Settling.emptyTime - age * Settling.millisecond
            if rest <= 0 {
                #expect(verdict == .take)
            } else if case .wait(let wait) = verdict {
                #expect(wait.cause == .time && wait.due == 1000 + rest)
            } else {
                Issue.record("taken in after \(age) ms")
            }
        }
    }

    @Test func `moments are handed out in their order`() {
        for seed in 0..<200 {
            var queue = DueQueue()
            let moments = (0..<12).map { Int64(($0 * 7 + seed * 13 + $0 * $0 * seed) % 29) }
            for (index, moment) in moments.enumerated() { queue.insert(UInt32(index), due: moment) }
            var got: [Int64] = []
            for now in Int64(0)..<30 {
                while let id = queue.pop(now: now) {
                    #expect(moments[Int(id)] == now)
                    got.append(now)
                }
            }
            #expect(got == moments.sorted())
        }
    }
}
