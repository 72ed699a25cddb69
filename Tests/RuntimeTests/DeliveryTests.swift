import LinuxSystem
import Millrace
import MillraceTesting
import Runtime
import Synchronization
import Testing

private struct Ping: EventPayload {
    static let type = "test.ping"
    var name: String
    var number: Int
    var subject: Subject { Subject("test", name) }
}

private struct Pong: EventPayload {
    static let type = "test.pong"
    var number: Int
    var count: Int
    var subject: Subject { Subject("test", "pong") }
}

private struct PongCount: Projection {
    static let types: [any EventPayload.Type] = [Pong.self]
    var count = 0
    mutating func apply(_ event: Event) { count += 1 }
}

private struct EchoPlugin: Plugin {
    static let name: PluginName = "echo"
    static let summary = "Answers each ping with a pong."
    static let projections: [any Projection.Type] = [PongCount.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Ping.self) { ping, context in
            if ping.number < 0 { throw ReactionError("negative") }
            if ping.number == 13, context.attempt < 3 { throw ReactionError("not yet") }
            return [Pong(number: ping.number, count: try context.state(PongCount.self).count)]
        }
    }
}

private struct LoopPlugin: Plugin {
    static let name: PluginName = "loop"
    static let summary = "Sets itself off for ever."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Ping.self) { ping, _ in [Ping(name: ping.name, number: ping.number + 1)] }
    }
}

/// Emits what is too large, and fails with words that are.
private struct OverflowingPlugin: Plugin {
    static let name: PluginName = "overflowing"
    static let summary = "Knows no measure."
    static let emits: [any EventPayload.Type] = [Ping.self, Pong.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Ping.self) { ping, _ -> [any EventPayload] in
            switch ping.number {
            case 1: [Ping(name: String(repeating: "x", count: 100_000), number: 0)]
            case 2:
                throw ReactionError(String(repeating: "no ", count: 1 << 20), retryable: false)
            default: [Pong(number: ping.number, count: 0)]
            }
        }
    }
}

@Suite struct DeliveryTests {
    @Test func `a reaction's events and its mark are one batch that names its cause`() async throws
    {
        let mill = try TestMill([EchoPlugin.self])
        let ping = try await mill.emit(Ping(name: "a", number: 1))
        #expect(mill.story == [Ping.type, Pong.type])
        let pong = try #require(mill.log.events.first { $0.type == Pong.type })
        #expect(pong.causation == ping.id)
        #expect(pong.correlation == ping.correlation)
        #expect(pong.actor == .plugin("echo"))
        let handled = try mill.emitted(ReactionHandled.self)
        #expect(handled.map(\.handled) == [[ping.sequence]])
        #expect(mill.log.events.last?.sequence == pong.sequence + 1)
    }

    @Test func `a reaction sees the state that its own events made`() async throws {
        let mill = try TestMill([EchoPlugin.self])
        for number in 1...5 { try await mill.emit(Ping(name: "a", number: number)) }
        #expect(try mill.emitted(Pong.self).map(\.count) == [0, 1, 2, 3, 4])
    }

    @Test func `an error is retried until it succeeds, and others do not wait for it`() async throws
    {
        let mill = try TestMill([EchoPlugin.self])
        try await mill.emit(Ping(name: "a", number: 13))
        try await mill.emit(Ping(name: "b", number: 1))
        #expect(try mill.emitted(Pong.self).map(\.number).sorted() == [1, 13])
        #expect(try mill.emitted(ReactionFailed.self).map(\.attempt) == [1, 2])
        #expect(try mill.emitted(ReactionHandled.self).map(\.attempts).max() == 3)
    }

    @Test func `an error for good becomes a dead letter and the subject goes on`() async throws {
        let mill = try TestMill([EchoPlugin.self])
        try await mill.emit(Ping(name: "a", number: -1))
        try await mill.emit(Ping(name: "a", number: 2))
        #expect(mill.deadLetters == ["negative"])
        #expect(try mill.emitted(Pong.self).map(\.number) == [2])
    }

    @Test
    func `what no journal takes is the fault of its plugin, and an error of any length is kept`()
        async throws
    {
        let mill = try TestMill([OverflowingPlugin.self])
        for number in 1...3 { try await mill.emit(Ping(name: "a", number: number)) }
        #expect(mill.world.messages.allSatisfy { !$0.contains("cannot be written") })
        #expect(mill.deadLetters.count == 2)
        #expect(mill.deadLetters.first?.contains("the subject has") == true)
        #expect(mill.deadLetters.last?.hasPrefix("no no no") == true)
        #expect(mill.deadLetters.allSatisfy { $0.utf8.count < 17_000 })
        #expect(try mill.emitted(Pong.self).map(\.number) == [3])
    }

    @Test func `a dead letter that is put back is handled again`() async throws {
        let mill = try TestMill([EchoPlugin.self])
        let ping = try await mill.emit(Ping(name: "a", number: -1))
        try await mill.emit(
            DeadLetterResolved(plugin: "echo", sequence: ping.sequence, outcome: .retried))
        #expect(mill.deadLetters.count == 2)
    }

    @Test func `plugins that set each other off are cut at the depth limit`() async throws {
        var settings = WorkspaceSettings()
        settings.runtime.chainDepth = 10
        let mill = try TestMill([LoopPlugin.self], settings: settings)
        try await mill.emit(Ping(name: "a", number: 0))
        #expect(try mill.emitted(Ping.self).count == 11)
        let cut = try #require(try mill.emitted(ChainCut.self).first)
        #expect(cut.cycle == [Ping.type, Ping.type])
        #expect(cut.summary.contains("comes round: test.ping → test.ping"))
        #expect(cut.depth == 11)
        #expect(cut.types == [Ping.type])
    }

    @Test func `what was not handled before a restart is handled after it, the rest is not`()
        async throws
    {
        let first = try TestMill([EchoPlugin.self])
        for number in 1...3 { try await first.emit(Ping(name: "a", number: number)) }
        let story = first.log.events
        // Every prefix is a journal that a crash could have left, as batches are whole.
        for cut in 0...story.count {
            let past = Array(story.prefix(cut))
            if let last = past.last, last.type == Pong.type { continue }
            let again = try TestMill([EchoPlugin.self], past: past)
            try await again.emit(Ping(name: "end", number: 99))
            let asked = past.filter { $0.type == Ping.type }.count
            #expect(try again.emitted(Pong.self).count == asked + 1)
            #expect(Set(again.log.events.map(\.id)).count == again.log.events.count)
        }
    }
}

/// Out of room until a file is there.
private struct HungryPlugin: Plugin {
    static let name: PluginName = "hungry"
    static let summary = "Needs room."
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Ping.self) { ping, context in
            // The test's clock moves a second at each attempt.
            if context.now.seconds(since: context.event.time) < 20 {
                throw SystemError(.noSpace, "write")
            }
            return [Pong(number: ping.number, count: 0)]
        }
    }
}

@Suite struct ShortageTests {
    @Test func `a full disk costs no attempts and is waited out`() async throws {
        let mill = try TestMill([HungryPlugin.self])
        try await mill.emit(Ping(name: "a", number: 1))
        #expect(try mill.emitted(Pong.self).map(\.number) == [1])
        #expect(try mill.emitted(ReactionFailed.self).isEmpty)
        #expect(mill.deadLetters.isEmpty)
    }

    @Test(arguments: [
        (["drop", "a", "b", "c", "a", "b", "c"], ["a", "b", "c", "a"]),
        (["a", "a"], ["a", "a"]), (["a"], ["a"]), ([], []), (["x", "y", "z"], ["x", "y", "z"]),
        (["a", "b", "b", "a", "b", "b"], ["b", "b"]),
    ])
    func `the cycle in a chain of causes is found`(types: [String], cycle: [String]) {
        #expect(CauseCycle.find(in: types) == cycle)
    }

    @Test func `a reaction beyond its time is called off, and given up when it does not listen`()
        async throws
    {
        let mill = try TestMill([DeafPlugin.self])
        try await mill.emit(Ping(name: "a", number: 1))
        let failures = try mill.emitted(ReactionFailed.self)
        #expect(failures.first?.error.contains("took longer than its limit of 5.0 seconds") == true)
        #expect(failures.first?.error.contains("did not stop when it was told to") == true)
        #expect(try mill.emitted(Pong.self).map(\.number) == [1])
        #expect(try mill.emitted(ReactionHandled.self).count == 1)
    }
}

/// Listens to nothing at its first attempt.
private struct DeafPlugin: Plugin {
    static let name: PluginName = "deaf"
    static let summary = "Goes on when it is told to stop."
    private static let isTriedAgain = Atomic(false)
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Ping.self, timeout: 5) { ping, context -> [Pong] in
            if context.attempt == 1 {
                while !DeafPlugin.isTriedAgain.load(ordering: .acquiring) { await Task.yield() }
            }
            DeafPlugin.isTriedAgain.store(true, ordering: .releasing)
            return [Pong(number: ping.number, count: 0)]
        }
    }
}

/// Notes how many of its reactions run at the same time.
private struct CrowdPlugin: Plugin {
    static let name: PluginName = "crowd"
    static let summary = "Lets others begin before it ends."
    private static let running = Mutex((now: 0, most: 0, begun: 0))
    static var most: Int { running.withLock { $0.most } }
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(Ping.self) { ping, _ -> [Pong] in
            let begun = CrowdPlugin.running.withLock { running in
                running.now += 1
                running.begun += 1
                running.most = max(running.most, running.now)
                return running.begun
            }
            // Until another has begun, if one may: with more places than the limit one would.
            for _ in 0..<1000 where CrowdPlugin.running.withLock({ $0.begun }) < begun + 3 {
                await Task.yield()
            }
            CrowdPlugin.running.withLock { $0.now -= 1 }
            return [Pong(number: ping.number, count: 0)]
        }
    }
}

@Suite struct ConcurrencyLimitTests {
    @Test func `as many reactions of a plugin run side by side as the settings say, and no more`()
        async throws
    {
        var settings = WorkspaceSettings()
        settings.runtime.concurrency = 3
        // All at once, each about another subject, as after a restart.
        let quiet = try TestMill([EchoPlugin.self])
        for number in 1...40 { try await quiet.emit(Ping(name: "\(number)", number: number)) }
        let pings = quiet.events.filter { $0.type == Ping.type }
        let registered = try TestMill([CrowdPlugin.self], settings: settings).events
        let crowd = try TestMill(
            [CrowdPlugin.self], settings: settings, past: registered + pings)
        await crowd.settle()
        #expect(try crowd.emitted(Pong.self).count == 40)
        #expect(CrowdPlugin.most == 3)
    }
}
