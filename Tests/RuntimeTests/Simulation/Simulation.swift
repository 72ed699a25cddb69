import Checksums
import Millrace
import Runtime
import Synchronization

/// One run: the same for the same seed.
struct Simulation {
    let seed: UInt64

    struct Outcome {
        var problems: [String]
        var powerCuts: Int
        /// Every event with its time.
        var history: [String]

        /// The same in every process for the same seed.
        var summary: String {
            let digest = Digest(
                words: SHA256.hash(Array(history.joined(separator: "\n").utf8)).words)
            return "\(history.count) events, digest \(digest.short)"
        }
    }

    private static let types: [any Plugin.Type] = [
        StorePlugin.self, CountPlugin.self, TellPlugin.self,
    ]

    func run(days: Int, drops: Int) -> Outcome {
        let machine = SimMachine(seed: seed)
        let executor = SimExecutor()
        var random = SimRandom(seed: seed ^ 0x5DEE_CE66)
        var runtime = start(machine, executor)
        var powerCuts = 0
        let begin = machine.now
        let spacing = Double(days) * 86_400 / Double(drops)
        var arrivals = (0..<drops).map { _ in
            begin.advanced(bySeconds: random.unit() * spacing * Double(drops))
        }.sorted { $0 > $1 }
        var number = 0
        // Bounded, so that a runtime that never comes to rest is a failure and not a hang.
        var steps = 0
        while steps < 3_000_000 {
            steps += 1
            let hasFaults = machine.state.withLock { $0.hasFaults }
            if hasFaults, random.chance(0.002) {
                powerCuts += 1
                machine.cutPower()
                // What is left of that life runs out; it can change nothing.
                while executor.runOne(&random) {}
                runtime = start(machine, executor)
                continue
            }
            if random.chance(0.7), executor.runOne(&random) { continue }
            if let (events, append) = machine.makeDurable() {
                runtime.committed(events)
                append.continuation.resume(returning: events)
                continue
            }
            if executor.runOne(&random) { continue }
            // Nothing can go on: time passes, to the next timer or the next drop.
            let due = machine.nextDue
            if let arrival = arrivals.last, arrival <= due ?? arrival {
                arrivals.removeLast()
                machine.advance(to: arrival)
                number += 1
                let drop = SimDrop(dataset: "d\(random.below(4))", number: number)
                if let draft = try? EventDraft(
                    drop, id: id("drop \(number)"), actor: .user(1000))
                {
                    runtime.committed(machine.appendNow([draft]))
                }
                if arrivals.isEmpty { machine.state.withLock { $0.hasFaults = false } }
            } else if let due {
                machine.advance(to: due)
            } else {
                break
            }
        }
        return Outcome(
            problems: problems(machine, drops: drops, steps: steps), powerCuts: powerCuts,
            history: machine.events.map { "\($0.time) \($0.id) \($0.type) \($0.subject)" })
    }

    private func id(_ text: String) -> EventID {
        EventID(Digest(words: SHA256.hash(Array(text.utf8)).words))
    }

    /// What the daemon does at its start: fold the log, register, go on.
    private func start(_ machine: SimMachine, _ executor: SimExecutor) -> Runtime {
        let world = SimWorld(machine: machine, life: machine.life)
        let (plugins, _) = PluginRegistry(Simulation.types).makePlugins(WorkspaceSettings())
        let runtime = Runtime(
            Runtime.Configuration(
                settings: WorkspaceSettings(), plugins: plugins, world: world, log: world,
                read: { sequence, body in
                    for event in machine.events.dropFirst(Int(clamping: sequence) - 1)
                    where !body(event) {
                        return
                    }
                },
                sleep: { try await machine.pause($0, life: world.life) },
                start: { executor.start($0) },
                random: { machine.state.withLock { $0.random.unit() } }, failed: { _ in }))
        var history = DeliveryHistory(plugins: plugins)
        if machine.events.isEmpty {
            let drafts = plugins.compactMap { plugin in
                try? EventDraft(
                    PluginRegistered(plugin: plugin.name.rawValue, from: 1),
                    id: id("register \(plugin.name)"), actor: .system)
            }
            _ = machine.appendNow(drafts)
        }
        for event in machine.events {
            runtime.fold(event)
            history.apply(event)
        }
        do { try runtime.start(history) } catch { preconditionFailure("memory was not readable") }
        return runtime
    }

    // MARK: what must be true in the end

    private func problems(_ machine: SimMachine, drops: Int, steps: Int) -> [String] {
        var problems: [String] = []
        let events = machine.events
        if steps >= 3_000_000 { problems.append("it did not come to rest") }
        if Set(events.map(\.id)).count != events.count { problems.append("an id is there twice") }
        let (plugins, _) = PluginRegistry(Simulation.types).makePlugins(WorkspaceSettings())
        var history = DeliveryHistory(plugins: plugins)
        for event in events { history.apply(event) }
        for (plugin, position) in history.positions where !position.pending.isEmpty {
            problems.append("\(plugin) has not handled \(position.pending.sorted())")
        }
        var settled: [String: Int] = [:]
        for event in events {
            if let done = event.payload(as: ReactionHandled.self) {
                for sequence in done.handled {
                    settled["\(done.plugin) \(sequence)", default: 0] += 1
                }
            } else if let dead = event.payload(as: ReactionDeadLettered.self) {
                for sequence in dead.sequences {
                    settled["\(dead.plugin) \(sequence)", default: 0] += 1
                }
            }
        }
        for (key, count) in settled where count != 1 { problems.append("\(key): \(count) times") }
        let dropped = events.filter { $0.type == SimDrop.type }
        if dropped.count != drops { problems.append("\(dropped.count) of \(drops) drops") }
        problems += once(machine, dropped, events)
        return problems
    }

    /// Each drop was stored once, in the order of its dataset, and counted once, unless it was set aside.
    private func once(_ machine: SimMachine, _ dropped: [Event], _ events: [Event]) -> [String] {
        var problems: [String] = []
        let dead = Set(
            events.compactMap { $0.payload(as: ReactionDeadLettered.self) }
                .filter { $0.plugin == "store" }.flatMap(\.sequences))
        let stored = events.filter { $0.type == SimStored.type }
        for drop in dropped where !dead.contains(drop.sequence) {
            let causes = stored.count { $0.causation == drop.id }
            if causes != 1 { problems.append("drop \(drop.sequence) was stored \(causes) times") }
            guard let payload = drop.payload(as: SimDrop.self) else { continue }
            let file = machine.state.withLock {
                $0.files["reports/\(payload.dataset)/\(payload.number)"]
            }
            if file != Array("\(drop.id)".utf8) {
                problems.append("the file of drop \(drop.sequence) is not there")
            }
        }
        for (subject, group) in Dictionary(grouping: stored, by: \.subject) {
            let numbers = group.compactMap { $0.payload(as: SimStored.self)?.number }
            if numbers != numbers.sorted() { problems.append("\(subject) is out of order") }
            let counts = events.filter { $0.subject == subject }
                .compactMap { $0.payload(as: SimCounted.self)?.count }
            // What it saw may be more than the event that it reacted to, never less.
            for (index, count) in counts.enumerated() where count < index + 1 {
                problems.append("\(subject): the state was behind the event")
            }
            if counts.count != group.count { problems.append("\(subject) was counted wrongly") }
        }
        return problems
    }
}
