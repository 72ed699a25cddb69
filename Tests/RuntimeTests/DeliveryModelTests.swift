import Millrace
import Runtime
import Testing

private struct Knock: EventPayload {
    static let type = "test.knock"
    var subject: Subject { Subject("test", "") }
}

private struct CarefulPlugin: Plugin {
    static let name: PluginName = "careful"
    static let summary = "Handles one at a time."
    init(settings: NoSettings) {}
    var reactions: some Reactions { On(Knock.self) { _, _ -> [Knock] in [] } }
}

private struct GreedyPlugin: Plugin {
    static let name: PluginName = "greedy"
    static let summary = "Handles what waits together."
    init(settings: NoSettings) {}
    var reactions: some Reactions { On(Knock.self, coalescing: true) { _, _ -> [Knock] in [] } }
}

/// Whatever comes in whatever order: each event is handled once by each plugin, those of a subject in
/// the order of the journal, and never more at a time, or in memory, than the limits say.
@Suite struct DeliveryModelTests {
    private struct Running {
        let key: DeliveryStateMachine.Key
        let events: [Event]
        var isCommitting = false
    }

    private struct Walk {
        var random: SimRandom
        var machine: DeliveryStateMachine
        let concurrency: Int
        var journal: [Event] = []
        var running: [Running] = []
        var refills: [(plugin: String, from: UInt64)] = []
        var settled: [String: [UInt64]] = [:]
        var now = Timestamp(microseconds: 0)

        init(seed: UInt64, concurrency: Int) {
            random = SimRandom(seed: seed)
            self.concurrency = concurrency
            var limits = DeliveryStateMachine.Limits()
            limits.concurrency = concurrency
            limits.committing = 4
            limits.waiting = 8
            limits.waitingBytes = 300
            limits.attempts = 3
            machine = DeliveryStateMachine(
                plugins: [
                    RegisteredPlugin(CarefulPlugin(settings: NoSettings())),
                    RegisteredPlugin(GreedyPlugin(settings: NoSettings())),
                ], limits: limits)
        }

        mutating func append() {
            let sequence = UInt64(journal.count + 1)
            let id = EventID(high: 1, low: sequence)
            let event = Event(
                sequence: sequence, id: id, type: Knock.type, version: 1,
                subject: Subject("test", "\(random.below(6))"), time: now, actor: .system,
                causation: nil, correlation: id,
                payload: [UInt8](repeating: 0x20, count: random.below(100)))
            journal.append(event)
            for plugin in ["careful", "greedy"] { machine.offer(event, to: plugin) }
        }

        mutating func begin() {
            while let action = machine.next(at: now) {
                switch action {
                case .run(let key, let events, _):
                    #expect(!running.contains { $0.key == key }, "one of a subject at a time")
                    #expect(key.plugin == "greedy" || events.count == 1)
                    running.append(Running(key: key, events: events))
                case .refill(let plugin, let from): refills.append((plugin, from))
                }
            }
            for plugin in ["careful", "greedy"] {
                let mine = running.filter { $0.key.plugin == plugin }
                let placed = mine.count { !$0.isCommitting }
                #expect(placed <= concurrency && mine.count <= concurrency + 4)
            }
        }

        mutating func refill() {
            guard !refills.isEmpty else { return }
            let (plugin, from) = refills.remove(at: random.below(refills.count))
            var next = from
            for event in journal.dropFirst(Int(from) - 1) {
                next = event.sequence + 1
                let head = UInt64(journal.count)
                if !machine.refill(event, to: plugin, head: head) { break }
            }
            machine.refillEnded(plugin, before: next)
        }

        /// Something comes of one that runs.
        mutating func advance() {
            guard !running.isEmpty else { return }
            let place = random.below(running.count)
            let one = running[place]
            if !one.isCommitting, random.chance(0.2) {
                running.remove(at: place)
                let isFault = random.chance(0.5)
                if isFault { return machine.starved(one.key, at: now) }
                let verdict = machine.failed(
                    one.key, at: now, retryable: random.chance(0.8), jitter: random.unit())
                if verdict == .deadLetter {
                    machine.deadLettered(one.key.plugin, one.events.map(\.sequence))
                    settled[one.key.plugin, default: []] += one.events.map(\.sequence)
                }
            } else if !one.isCommitting, random.chance(0.6) {
                running[place].isCommitting = concurrency > 1
                machine.committing(one.key)
            } else {
                running.remove(at: place)
                #expect(machine.handled(one.key.plugin, one.events.map(\.sequence)) == one.key)
                settled[one.key.plugin, default: []] += one.events.map(\.sequence)
            }
        }
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 3), (4, 7), (5, 1)] as [(UInt64, Int)])
    func `every event is handled once, in order, within the limits`(
        seed: UInt64, concurrency: Int
    ) {
        var walk = Walk(seed: seed, concurrency: concurrency)
        for _ in 0..<4000 {
            switch walk.random.below(5) {
            case 0, 1: walk.append()
            case 2: walk.refill()
            case 3:
                walk.now = walk.now.advanced(bySeconds: walk.random.unit())
                walk.machine.wake(at: walk.now)
            default: walk.advance()
            }
            walk.begin()
        }
        var steps = 0
        while !walk.machine.isIdle, steps < 100_000 {
            steps += 1
            walk.refill()
            walk.advance()
            if let due = walk.machine.nextDue {
                walk.now = max(walk.now, due)
                walk.machine.wake(at: walk.now)
            }
            walk.begin()
        }
        #expect(walk.machine.isIdle)
        let subjects = Dictionary(grouping: walk.journal, by: \.subject)
        for plugin in ["careful", "greedy"] {
            let settled = walk.settled[plugin] ?? []
            #expect(settled.sorted() == walk.journal.map(\.sequence))
            for events in subjects.values {
                let mine = Set(events.map(\.sequence))
                #expect(settled.filter(mine.contains) == events.map(\.sequence))
            }
        }
    }
}
