package import Journal
import Millrace

/// History run through changed settings, contracts or plugins, beside the journal as it is.
///
/// The journal is walked through once. What came from outside is taken over. A reaction whose inputs
/// are what they were is taken over with what it emitted; one whose settings, events or state are
/// otherwise is run again, at its time, and its events take the place of those that it emitted then.
/// What follows from new events is reacted to at once. So with nothing changed nothing is run, and
/// nothing can be different.
package struct WhatIfRun {
    private let reader: JournalReader
    private let changes: WhatIfChanges
    private let world: WhatIfWorld
    private let recorded: RecordedReactions
    private var settings: WhatIfSettings
    private var projections: ProjectionSet
    private var pending = PendingReactions()
    private var comparison = DecisionComparison()
    private var coolDowns = CoolDownClock()
    private var models = (was: ModelRegistry(), wouldBe: ModelRegistry())
    /// Types of which the two histories have different events.
    private var tainted: Set<String> = []
    /// From which record on each plugin reacted.
    private var registered: [String: UInt64] = [:]
    private var hasBegun = false
    private var hasContracts = false
    private var earlyStates: [UInt64: (ProjectionSet, WhatIfSettings)] = [:]
    private var outcome = WhatIfOutcome()
    private let progress: (UInt64, UInt64) -> Void

    /// Reads the journal once, for what it tells about jobs.
    ///
    /// - Parameter progress: told the record that it is at, and the last one.
    package init(
        _ reader: JournalReader, registry: PluginRegistry, changes: WhatIfChanges,
        machine: WhatIfMachine, progress: @escaping (UInt64, UInt64) -> Void = { _, _ in }
    ) throws {
        self.reader = reader
        self.changes = changes
        outcome.since = changes.since
        self.progress = progress
        recorded = try RecordedReactions(reader, registry)
        world = WhatIfWorld(
            machine, registry: registry, memories: recorded.memories, trains: changes.trains)
        settings = try WhatIfSettings(registry, changes.settings)
        projections = ProjectionSet(registry.types.flatMap { $0.projections })
    }

    /// Walks through the history. Call it once.
    package mutating func run() async throws -> WhatIfOutcome {
        let cursor = try reader.cursor()
        while let batch = try cursor.nextBatch(), let first = batch.first, let last = batch.last {
            outcome.from = outcome.from ?? first.time
            outcome.to = last.time
            outcome.records = last.sequence
            if first.sequence >= changes.since { try await begin(before: first) }
            try await endCoolDowns(before: first)
            try await take(batch)
            try await settle(at: last)
            for mark in recorded.begunEarly[last.sequence] ?? [] {
                earlyStates[mark] = (projections, settings)
            }
            progress(last.sequence, recorded.last)
        }
        outcome.differences = comparison.differences
        outcome.champions = champions()
        return outcome
    }

    // MARK: the journal

    private mutating func begin(before event: Event) async throws {
        if !hasBegun {
            hasBegun = true
            if try settings.begin() { tainted.insert(SettingsAccepted.type) }
        }
        guard !hasContracts, !changes.contracts.isEmpty, event.type == FileArrived.type else {
            return
        }
        hasContracts = true
        for contract in changes.contracts {
            let file = FileArrived(
                change: .added, path: contract.path, previousPath: nil,
                size: contract.bytes.count, sha256: try world.files.store(contract.bytes), uid: 0,
                identity: FileIdentity(
                    device: 0, inode: 0, modified: 0, changed: 0, gid: 0, mode: 0o644),
                area: Area(of: contract.path))
            let draft = try EventDraft(
                file, id: Emission.id(plugin: "what-if", cause: event.id, ordinal: 0),
                actor: .system)
            add(draft.event(sequence: max(event.sequence, 1) - 1, time: event.time), as: .new)
        }
        try await settle(at: event)
    }

    /// What was put off in this history alone is looked at again when it is due.
    private mutating func endCoolDowns(before event: Event) async throws {
        var steps = 0
        while let ended = coolDowns.next(through: event.time) {
            steps += 1
            guard steps <= WhatIfRun.stepsMax else {
                throw ReactionError(
                    "before record \(event.sequence) a training of \(ended.pipeline) is put off "
                        + "without end")
            }
            let draft = try EventDraft(
                ended,
                id: Emission.id(plugin: "what-if/cooldown", cause: event.id, ordinal: steps),
                actor: .system)
            add(draft.event(sequence: max(event.sequence, 1) - 1, time: ended.due), as: .new)
            try await settle(at: event)
        }
    }

    private mutating func take(_ batch: [Event]) async throws {
        if let end = batch.last, let mark = end.payload(as: ReactionHandled.self) {
            return try await take(mark, end, emitted: batch.dropLast())
        }
        for event in batch {
            if let dead = event.payload(as: ReactionDeadLettered.self) {
                outcome.setAside += pending.drop(dead.plugin, dead.sequences)
            }
            try takeFromOutside(event)
        }
    }

    private mutating func takeFromOutside(_ event: Event) throws {
        if let accepted = event.payload(as: SettingsAccepted.self) {
            try settings.take(
                accepted.settings, changed: hasBegun && event.sequence >= changes.since)
        }
        if hasContracts, isReplacedContract(event) { return }
        if coolDowns.isOfJournalAlone(event) { return leaveOut(event) }
        add(event, as: .same)
    }

    /// Contracts that came later than the one that is put in their place.
    private func isReplacedContract(_ event: Event) -> Bool {
        event.subject.kind == Area.Kind.contract.rawValue
            && changes.contracts.contains { $0.dataset == event.subject.name }
    }

    private mutating func take(
        _ mark: ReactionHandled, _ end: Event, emitted: ArraySlice<Event>
    ) async throws {
        for event in emitted {
            guard let accepted = event.payload(as: SettingsAccepted.self) else { continue }
            try settings.take(
                accepted.settings, changed: hasBegun && event.sequence >= changes.since)
        }
        guard let plugin = settings.plugins[mark.plugin] else {
            // The workspace's own, and plugins that are no longer built in: as it was.
            for event in emitted { add(event, as: .same) }
            return
        }
        let handled = pending.take(mark.plugin, mark.handled)
        guard let cause = handled.last else {
            for event in emitted { leaveOut(event) }
            return
        }
        let isOtherwise =
            handled.count < mark.handled.count || handled.contains(where: \.isChanged)
            || hasBegun && settings.differs(for: mark.plugin)
            || changes.reruns.contains(mark.plugin) && end.sequence >= changes.since
            || isTainted(plugin)
        guard isOtherwise else {
            earlyStates[end.sequence] = nil
            for event in emitted { add(event, as: .same) }
            return
        }
        let early = earlyStates.removeValue(forKey: end.sequence)
        world.now = max(cause.event.time, end.time.advanced(bySeconds: -mark.milliseconds / 1000))
        let drafts = try await react(
            plugin, handled.map(\.event), early?.0 ?? projections, early?.1 ?? settings)
        match(drafts ?? [], with: Array(emitted), at: end)
    }

    private func isTainted(_ plugin: RegisteredPlugin) -> Bool {
        !tainted.isEmpty
            && plugin.projections.contains { state in
                state.types.contains { tainted.contains($0.type) }
            }
    }

    // MARK: reacting

    /// What a plugin emits; nil when it comes to nothing that anybody knows.
    private mutating func react(
        _ plugin: RegisteredPlugin, _ events: [Event], _ states: ProjectionSet,
        _ settings: WhatIfSettings
    ) async throws -> [EventDraft]? {
        guard let event = events.last else { return nil }
        outcome.reactions += 1
        let context = Context(
            event: event, events: events, settings: settings.inForce, attempt: 1,
            plugin: plugin.name, states: states.states(for: plugin), world: world)
        do {
            var payloads: [any EventPayload] = []
            for reaction in plugin.reactions
            where reaction.matches(type: event.type, subjectKind: event.subject.kind) {
                payloads += try await reaction.handle(event, context)
            }
            return try Emission.drafts(payloads, by: plugin, cause: event)
        } catch {
            let unknown = world.takeUnknown()
            for what in unknown { note(what, about: event) }
            if unknown.isEmpty {
                try Task.checkCancellation()
                comparison.failed(plugin.name.rawValue, event, "\(error)")
            }
            return nil
        }
    }

    private mutating func note(_ unknown: WhatIfWorld.Unknown, about event: Event) {
        var what = unknown.what
        if let run = event.payload(as: RunStarted.self) {
            what = "train \(run.pipeline) on v\(run.inputs.datasetVersion) of \(run.inputs.dataset)"
        }
        outcome.unknown.append(
            WhatIfOutcome.Unknown(
                what: what, isTraining: unknown.isTraining, time: event.time,
                sequence: event.sequence))
    }

    /// Puts what was emitted now into the places of what was emitted then.
    private mutating func match(_ drafts: [EventDraft], with emitted: [Event], at end: Event) {
        var left = emitted
        for (ordinal, draft) in drafts.enumerated() {
            if let index = left.firstIndex(where: {
                $0.type == draft.type && $0.subject == draft.subject
            }) {
                let before = left.remove(at: index)
                let after = draft.event(replacing: before)
                if after.payload == before.payload {
                    add(before, as: .same)
                } else {
                    comparison.only(was: before)
                    count(was: before)
                    add(after, as: .changed)
                }
            } else {
                add(draft.event(sequence: end.sequence, time: end.time, ordinal), as: .new)
            }
        }
        for event in left { leaveOut(event) }
    }

    /// Reacts to what the journal does not have, until nothing follows any more.
    private mutating func settle(at last: Event) async throws {
        var steps = 0
        while let next = pending.takeNew() {
            steps += 1
            guard steps <= WhatIfRun.stepsMax else {
                throw ReactionError(
                    "after record \(last.sequence) plugins set each other off without end")
            }
            guard let plugin = settings.plugins[next.plugin] else { continue }
            world.now = next.event.time
            let drafts = try await react(plugin, [next.event], projections, settings) ?? []
            for (ordinal, draft) in drafts.enumerated() {
                add(
                    draft.event(sequence: next.event.sequence, time: next.event.time, ordinal),
                    as: .new)
            }
        }
    }

    /// More than any chain of causes that the runtime lets pass.
    private static let stepsMax = 100_000

    // MARK: the two histories

    private enum Novelty {
        case same, changed, new
    }

    private mutating func add(_ event: Event, as novelty: Novelty) {
        if novelty == .same {
            comparison.both(event)
            count(was: event)
        } else {
            comparison.only(wouldBe: event)
            tainted.insert(event.type)
        }
        if let plugin = event.payload(as: PluginRegistered.self) {
            registered[plugin.plugin] = plugin.from
        }
        projections.apply(event)
        coolDowns.note(wouldBe: event)
        world.folders.note(event)
        outcome.wouldBe.add(event)
        if ModelRegistry.interest.contains(event.type) { models.wouldBe.apply(event) }
        var told = ""
        for (name, kind) in settings.subscribers[event.type] ?? []
        where name != told && (kind == nil || kind == event.subject.kind) {
            // One event is one reaction, however often a plugin says that it wants it.
            told = name
            // What came before a plugin was there is none of its business.
            guard novelty == .new || event.sequence >= registered[name] ?? .max else { continue }
            pending.add(event, to: name, isNew: novelty == .new, isChanged: novelty == .changed)
        }
    }

    private mutating func leaveOut(_ event: Event) {
        tainted.insert(event.type)
        comparison.only(was: event)
        count(was: event)
    }

    private mutating func count(was event: Event) {
        outcome.was.add(event)
        coolDowns.note(was: event)
        if ModelRegistry.interest.contains(event.type) { models.was.apply(event) }
    }

    private func champions() -> [WhatIfOutcome.Champion] {
        var found: [WhatIfOutcome.Champion] = []
        let names = Set(models.was.models.keys).union(models.wouldBe.models.keys)
        for name in names.sorted() {
            let (was, wouldBe) = (models.was.models[name], models.wouldBe.models[name])
            let stage =
                settings.inForce.pipelines[name]?.stages.last ?? was?.tenures.keys.sorted().last
            guard let stage else { continue }
            let (before, after) = (was?.live(in: stage), wouldBe?.live(in: stage))
            let isSame =
                before.flatMap { was?.versions[$0]?.created?.artifact }
                == after.flatMap { wouldBe?.versions[$0]?.created?.artifact }
            guard !isSame else { continue }
            found.append(
                .init(model: name, stage: stage, was: before, wouldBe: after, isSame: isSame))
        }
        return found
    }
}

extension ModelRegistry {
    fileprivate static let interest = Set(types.map { $0.type })
}
