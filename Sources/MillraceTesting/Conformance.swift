public import Millrace
import Runtime

/// A plugin does not keep what every plugin promises.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public let description: String
}

/// Checks that a plugin keeps what every plugin promises, on a story that its author tells:
///
/// ```swift
/// @Test func `it keeps the promises of a plugin`() async throws {
///     try await checkConformance(PagerPlugin.self) { mill in
///         try await mill.drop("data/flights/a.csv", "x\n1\n")
///     }
/// }
/// ```
///
/// - It is described: a name that settings can hold, a summary, and default settings without errors.
/// - It emits only what it declares, and sets no event of the story aside.
/// - It bears redelivery: a crash after a reaction's work and before its batch changes nothing.
/// - It survives a restart between any two of its events: the same events follow.
/// - Its states are not changed by what they say that they are indifferent to.
/// - It leaves nothing behind in a what-if: its reactions touch the world through their context alone.
///   They are called once more on a thread that the kernel lets write no file and open no connection.
///
/// - Parameters:
///   - others: plugins that the story needs beside it.
///   - makeWorld: where the story plays; give one to answer commands.
///   - story: drops and events, one after the other.
/// - Throws: `ConformanceFailure` with the promise that is broken, and where.
public func checkConformance<P: Plugin>(
    _ type: P.Type, with others: [any Plugin.Type] = [],
    settings: WorkspaceSettings = WorkspaceSettings(), in world: MemoryWorld? = nil,
    _ story: (TestMill) async throws -> Void
) async throws {
    let plugins: [any Plugin.Type] = [type] + others
    let world = world ?? MemoryWorld(plugins: plugins)
    let check = Conformance(plugin: P.name, types: plugins, settings: settings)
    try check.description(of: type)
    let recording = Recording(world)
    let mill = try TestMill(plugins, settings: settings, world: world, observing: recording)
    try await story(mill)
    try check.wholeStory(mill.events)
    for type in P.projections { try check.indifference(of: type, mill.events) }
    try await check.interruptions(recording.moments, mill)
    try await check.whatIf(mill.events, mill)
}

private struct Conformance {
    let plugin: PluginName
    let types: [any Plugin.Type]
    let settings: WorkspaceSettings

    private func failure(_ text: String) -> ConformanceFailure {
        ConformanceFailure(description: "plugin \(plugin): \(text)")
    }

    func description<P: Plugin>(of type: P.Type) throws {
        let name = plugin.rawValue
        guard !name.isEmpty, name.utf8.count <= 64,
            name.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            })
        else { throw failure("its name is not of lower-case letters, digits and dashes") }
        guard !P.summary.isEmpty, !P.summary.contains("\n") else {
            throw failure("its summary is not one line")
        }
        let (value, issues) = checkSettings(
            P.Settings.self, value: try JSONValue(encoding: P.Settings()))
        guard value != nil else { throw failure("its default settings have errors: \(issues)") }
        guard !P(settings: P.Settings()).reactions.list.isEmpty else {
            throw failure("it reacts to nothing")
        }
    }

    func wholeStory(_ events: [Event]) throws {
        if let dead = events.lazy.compactMap({ $0.payload(as: ReactionDeadLettered.self) }).first(
            where: { $0.plugin == plugin.rawValue })
        {
            throw failure("it sets an event of the story aside: \(dead.error)")
        }
        let handled = events.contains {
            $0.payload(as: ReactionHandled.self)?.plugin == plugin.rawValue
        }
        guard handled else { throw failure("the story has nothing that it reacts to") }
    }

    func indifference<State: Projection>(of type: State.Type, _ events: [Event]) throws {
        let types = Set(State.types.map { $0.type })
        var (all, some) = (State(), State())
        for event in events where types.contains(event.type) {
            all.apply(event)
            if !some.isIndifferent(to: event.type),
                !some.isIndifferent(to: event.type, about: event.subject)
            {
                some.apply(event)
            } else if try encodeCanonically(all) != encodeCanonically(some) {
                throw failure(
                    "its state \(type) says that event \(event.sequence) (\(event.type)) does not "
                        + "change it, and it does")
            }
        }
    }

    /// Stops the mill before and after each batch, and lets another go on from there.
    func interruptions(_ moments: [Recording.Moment], _ whole: TestMill) async throws {
        let wanted = Outcome(whole)
        for (index, moment) in moments.enumerated() {
            try await compare(
                wanted, whole, keeping: moment.count, moment.world,
                "after a restart behind event \(moment.count)")
            let before = index == 0 ? 0 : moments[index - 1].count
            let isReaction = whole.events[before..<moment.count].contains {
                $0.type == ReactionHandled.type
            }
            // The work is done, and the batch that says so was lost.
            guard isReaction else { continue }
            try await compare(
                wanted, whole, keeping: before, moment.world,
                "when the reaction of event \(before + 1) is done again")
        }
    }

    private func compare(
        _ wanted: Outcome, _ whole: TestMill, keeping count: Int, _ world: MemoryWorld,
        _ place: String
    ) async throws {
        let world = world.copy()
        world.addFiles(of: whole.world)
        let again = try TestMill(
            types, settings: settings, past: Array(whole.events.prefix(count)), world: world)
        await again.settle()
        for event in whole.events.dropFirst(count) where event.causation == nil {
            // What came from outside comes again.
            guard event.type != PluginRegistered.type else { continue }
            await again.append([event.draft])
        }
        let found = Outcome(again)
        guard found == wanted else {
            throw failure("other things happen \(place): \(wanted.difference(to: found))")
        }
    }

    /// Calls every reaction of the story again where nothing can be changed.
    func whatIf(_ events: [Event], _ mill: TestMill) async throws {
        guard let sealed = SealedThread() else {
            SealedThread.sayMissing("what-if of \(plugin)")
            return
        }
        defer { sealed.stop() }
        let (registered, _) = PluginRegistry(types).makePlugins(settings)
        guard let plugin = registered.first(where: { $0.name == plugin }) else { return }
        var states = ProjectionSet(plugin.projections)
        // Jobs and commands have their answers from the story.
        let world = SealedWorld(base: mill.world.copy())
        for event in events {
            states.apply(event)
            for reaction in plugin.reactions
            where reaction.matches(type: event.type, subjectKind: event.subject.kind) {
                let context = Context(
                    event: event, events: [event], settings: settings, attempt: 1,
                    plugin: plugin.name, states: states.states(for: plugin), world: world)
                // What fails anywhere says nothing about the world.
                guard (try? await reaction.handle(event, context)) != nil else { continue }
                do {
                    try await sealed.run { _ = try await reaction.handle(event, context) }
                } catch {
                    throw failure(
                        "in a what-if, where it may change nothing but through its context, its "
                            + "reaction to event \(event.sequence) (\(event.type)) fails: \(error)")
                }
            }
        }
    }
}

/// What came of a story: the events of plugins, and what lies in the output folders.
private struct Outcome: Equatable {
    let events: [EventID: String]
    let outputs: Set<String>

    init(_ mill: TestMill) {
        var events: [EventID: String] = [:]
        for event in mill.events {
            guard case .plugin = event.actor else { continue }
            events[event.id] = "\(event.type) about \(event.subject)"
        }
        self.events = events
        outputs = Set(
            mill.world.outputEntries.map { path, entry in
                if case .link(let target) = entry { "\(path) -> \(target)" } else { "\(path)" }
            })
    }

    func difference(to other: Outcome) -> String {
        let missing = events.filter { other.events[$0.key] == nil }.values.sorted()
        let more = other.events.filter { events[$0.key] == nil }.values.sorted()
        let gone = outputs.subtracting(other.outputs).sorted()
        let new = other.outputs.subtracting(outputs).sorted()
        return [
            ("missing events", missing), ("more events", more), ("missing files", gone),
            ("more files", new),
        ].filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.joined(separator: ", "))" }
            .joined(separator: "; ")
    }
}

extension Event {
    fileprivate var draft: EventDraft {
        EventDraft(
            id: id, type: type, version: version, subject: subject, actor: actor,
            causation: causation, correlation: correlation, payload: payload)
    }
}
