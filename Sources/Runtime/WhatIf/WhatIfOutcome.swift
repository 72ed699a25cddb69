package import Millrace

/// What a what-if found: the decisions that would have been others.
package struct WhatIfOutcome: Sendable, Codable {
    /// One question that was decided in one history and not in the other, or otherwise.
    package struct Difference: Sendable, Codable, Hashable {
        /// As the journal has it; nil: nothing was decided.
        package var was: Decision?
        /// As it would have been; nil: nothing would have been decided.
        package var wouldBe: Decision?

        package var kind: Decision.Kind { was?.kind ?? wouldBe?.kind ?? .failure }
        package var sequence: UInt64 {
            min(was?.sequence ?? .max, wouldBe?.sequence ?? .max)
        }
    }

    /// How often each thing happened.
    package struct Counts: Sendable, Codable, Hashable {
        package var drops = 0
        package var refusedDrops = 0
        package var trainings = 0
        package var promotions = 0
        package var rollbacks = 0
        package var drifts = 0

        mutating func add(_ event: Event) {
            switch event.type {
            case DataAccepted.type: drops += 1
            case DataRejected.type:
                drops += 1
                refusedDrops += 1
            case RunStarted.type: trainings += 1
            case DriftMeasured.type:
                let drift = event.members(of: DriftMeasured.self)
                if drift?.value("drifted", as: Bool.self) == true { drifts += 1 }
            case DeploymentCompleted.type:
                guard let deployed = event.payload(as: DeploymentCompleted.self) else { return }
                if deployed.isRollback { rollbacks += 1 } else { promotions += 1 }
            default: break
            }
        }
    }

    /// Something that would have been done, with an outcome that nobody knows.
    package struct Unknown: Sendable, Codable, Hashable {
        package var what: String
        package var isTraining: Bool
        package var time: Timestamp
        package var sequence: UInt64
    }

    package struct Champion: Sendable, Codable, Hashable {
        package var model: String
        package var stage: String
        package var was: Int?
        package var wouldBe: Int?
        /// The bytes are the same, whatever the numbers.
        package var isSame: Bool
    }

    package var from: Timestamp?
    package var to: Timestamp?
    package var records: UInt64 = 0
    /// The record from which on the change holds.
    package var since: UInt64 = 1
    package var was = Counts()
    package var wouldBe = Counts()
    package var differences: [Difference] = []
    package var unknown: [Unknown] = []
    /// The last stage's version at the end, where it would be another.
    package var champions: [Champion] = []
    /// Reactions that were looked at again.
    package var reactions = 0
    /// Events that were set aside in the journal, and are here too.
    package var setAside = 0

    package var isEmpty: Bool { differences.isEmpty && unknown.isEmpty && champions.isEmpty }
}

/// Gathers the decisions of two histories and tells where they part.
struct DecisionComparison {
    private var readers = (was: DecisionReader(), wouldBe: DecisionReader())
    private var was: [DecisionReader.Key: Decision] = [:]
    private var wouldBe: [DecisionReader.Key: Decision] = [:]
    /// In which order the questions came up: that of causes.
    private var order: [DecisionReader.Key: Int] = [:]
    /// What both decided alike, until one of them decides anew.
    private var same: [DecisionReader.Key: Decision] = [:]

    /// An event that both histories have. Of most questions only those are kept that are decided
    /// differently; a promotion is decided in several steps.
    mutating func both(_ event: Event) {
        readers.was.note(event)
        readers.wouldBe.note(event)
        guard DecisionReader.promotions.contains(event.type) else { return }
        let (old, new) = (readers.was.decision(event), readers.wouldBe.decision(event))
        if let old, let new, old.key == new.key, old.decision == new.decision {
            (was[old.key], wouldBe[old.key]) = (nil, nil)
            same[old.key] = old.decision
            return
        }
        if let old { put(was: old.key, old.decision) }
        if let new { put(wouldBe: new.key, new.decision) }
    }

    private mutating func put(was key: DecisionReader.Key, _ decision: Decision) {
        if let other = same.removeValue(forKey: key) { wouldBe[key] = other }
        was[key] = decision
        note(key)
    }

    private mutating func note(_ key: DecisionReader.Key) {
        if order[key] == nil { order[key] = order.count }
    }

    private mutating func put(wouldBe key: DecisionReader.Key, _ decision: Decision) {
        if let other = same.removeValue(forKey: key) { was[key] = other }
        wouldBe[key] = decision
        note(key)
    }

    /// An event of the journal alone.
    mutating func only(was event: Event) {
        readers.was.note(event)
        guard let (key, decision) = readers.was.decision(event) else { return }
        put(was: key, decision)
    }

    /// An event of the what-if alone.
    mutating func only(wouldBe event: Event) {
        readers.wouldBe.note(event)
        guard let (key, decision) = readers.wouldBe.decision(event) else { return }
        put(wouldBe: key, decision)
    }

    /// A reaction of the what-if came to an error.
    mutating func failed(_ plugin: String, _ event: Event, _ error: String) {
        let key = DecisionReader.Key(kind: .failure, question: "\(plugin) \(event.id)")
        wouldBe[key] = Decision(
            kind: .failure, about: "\(plugin) on \(event.type)", outcome: "failed", reason: error,
            time: event.time, sequence: event.sequence)
        note(key)
    }

    var differences: [WhatIfOutcome.Difference] {
        var found: [(order: Int, difference: WhatIfOutcome.Difference)] = []
        for key in Set(was.keys).union(wouldBe.keys) {
            let (before, after) = (was[key], wouldBe[key])
            // A promotion that happened at another time or under another number is the same one.
            if before?.outcome == after?.outcome,
                key.kind == .promotion || before?.reason == after?.reason
            {
                continue
            }
            let difference = WhatIfOutcome.Difference(was: before, wouldBe: after)
            found.append((order[key] ?? 0, difference))
        }
        found.sort { ($0.difference.sequence, $0.order) < ($1.difference.sequence, $1.order) }
        return DecisionComparison.joined(found.map(\.difference))
    }

    /// A version that is another model in the other history has its promotion in each: they are told
    /// as one, because one and the same thing was to be decided.
    private static func joined(
        _ differences: [WhatIfOutcome.Difference]
    ) -> [WhatIfOutcome.Difference] {
        var found: [WhatIfOutcome.Difference] = []
        for difference in differences {
            let other = found.lastIndex { earlier in
                guard earlier.kind == .promotion, difference.kind == .promotion,
                    earlier.sequence == difference.sequence
                else { return false }
                return (earlier.was ?? earlier.wouldBe)?.about
                    == (difference.was ?? difference.wouldBe)?.about
                    && (earlier.was == nil) != (difference.was == nil)
                    && (earlier.wouldBe == nil) != (difference.wouldBe == nil)
            }
            guard let other else {
                found.append(difference)
                continue
            }
            var wouldBe = found[other].wouldBe ?? difference.wouldBe
            let reason = wouldBe?.reason ?? ""
            wouldBe?.reason = "another model" + (reason.isEmpty ? "" : ": \(reason)")
            found[other] = WhatIfOutcome.Difference(
                was: found[other].was ?? difference.was, wouldBe: wouldBe)
        }
        return found
    }
}
