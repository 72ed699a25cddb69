package import Journal
package import Millrace

/// Finds what made a metric of a model cross a bound. It halves what changed the inputs of its versions
/// between a good one and a bad one: by what a version measured where one was made at such a place, by
/// training where none was.
package struct MetricBisect {
    package struct Question: Sendable {
        package var model: String
        package var metric: String
        /// Exactly one of the two is given.
        package var below: Double?
        package var above: Double?

        package init(model: String, metric: String, below: Double?, above: Double?) {
            self.model = model
            self.metric = metric
            self.below = below
            self.above = above
        }

        package func isBad(_ value: Double) -> Bool {
            below.map { value < $0 } ?? above.map { value > $0 } ?? false
        }
    }

    package struct Version: Sendable, Codable, Hashable {
        package var version: Int
        package var value: Double
        package var sequence: UInt64
        package var time: Timestamp
    }

    /// Something that changed what a version is made from.
    package struct Candidate: Sendable {
        package let event: Event
        /// The state after this record is the one with it.
        package let settled: UInt64
    }

    package struct Answer: Sendable {
        package var good: Version
        package var bad: Version
        /// What changed between the two, the first first.
        package var candidates: [Candidate]
        /// Which of them it was; nil when only training could tell.
        package var culprit: Candidate?
        package var versionsAsked: Int
        package var trainings: Int
        /// How many changes were halved: those between the first good version and the last bad one.
        package var changes: Int
        /// The newest version, where it is good again.
        package var recovered: Version?

        /// As many looks, at versions and by training, as that takes at most.
        package var questionsMax: Int { Bisection.questionsMax(of: changes) }
    }

    /// Why there is nothing to find.
    package enum Nothing: Error, Sendable {
        case noVersions
        case neverBad(best: Version, worst: Version)
        case alwaysBad(first: Version)
        case notMeasured(metric: String, known: [String])
    }

    private let reader: JournalReader
    private let registry: PluginRegistry
    private let question: Question

    package init(_ reader: JournalReader, registry: PluginRegistry, question: Question) {
        self.reader = reader
        self.registry = registry
        self.question = question
    }

    /// - Parameter machine: to train on; nil to take only what is known.
    /// - Throws: `Nothing`.
    package func run(on machine: WhatIfMachine?) async throws -> Answer {
        let versions = try versions()
        guard let last = versions.lastIndex(where: { question.isBad($0.value) }) else {
            guard
                let worst = versions.min(by: {
                    question.below == nil ? $0.value > $1.value : $0.value < $1.value
                }),
                let best = versions.last
            else { throw Nothing.noVersions }
            throw Nothing.neverBad(best: best, worst: worst)
        }
        guard let first = versions.firstIndex(where: { !question.isBad($0.value) }), first < last
        else { throw Nothing.alwaysBad(first: versions[last]) }
        let row = try row(of: Array(versions[first...last]))
        var search = Bisection(from: 0, to: row.changes.count)
        var train: ((Int) async throws -> Bool?)?
        if let machine {
            train = { try await isBad(after: row.changes[$0 - 1], on: machine) }
        }
        let looks = try await search.halve(known: row.known(question), training: train)
        let (good, bad) = row.edge(question, low: search.low, high: search.found)
        let between = good.place < bad.place ? Array(row.changes[good.place..<bad.place]) : []
        let isFound = search.found - search.low == 1 && !between.isEmpty
        return Answer(
            good: good.version, bad: bad.version, candidates: between,
            culprit: isFound ? row.changes[search.found - 1] : nil,
            versionsAsked: looks.asked, trainings: looks.trained, changes: row.changes.count,
            recovered: last < versions.count - 1 ? versions.last : nil)
    }

    // MARK: what is known

    /// What changed from a good version to a bad one, and where versions were made between.
    private struct Row {
        /// A version that was made after so many of the changes.
        struct Placed {
            let version: Version
            let place: Int
        }

        let changes: [Candidate]
        /// The oldest first.
        let versions: [Placed]

        /// Whether it was bad at the places where a version was made. The last one made there speaks.
        func known(_ question: Question) -> [Int: Bool] {
            Dictionary(
                versions.map { ($0.place, question.isBad($0.version.value)) },
                uniquingKeysWith: { $1 })
        }

        /// The good version and the bad one on either side of what was found.
        func edge(_ question: Question, low: Int, high: Int) -> (good: Placed, bad: Placed) {
            // It can have fallen between two versions of one place: then no change is to blame.
            for (before, after) in zip(versions, versions.dropFirst())
            where before.place == after.place && [low, high].contains(before.place) {
                if !question.isBad(before.version.value), question.isBad(after.version.value) {
                    return (before, after)
                }
            }
            let good = versions.last { $0.place <= low && !question.isBad($0.version.value) }
            let bad = versions.first { $0.place >= high && question.isBad($0.version.value) }
            return (good ?? versions[0], bad ?? versions[versions.count - 1])
        }
    }

    /// - Parameter versions: at least two.
    private func row(of versions: [Version]) throws -> Row {
        let starts = try starts(of: versions)
        guard let first = starts.first, let last = starts.last else { throw Nothing.noVersions }
        let changes = try candidates(try changes(), after: first, upTo: last)
        return Row(
            changes: changes,
            versions: zip(versions, starts).map { version, start in
                .init(version: version, place: changes.count { $0.settled < start })
            })
    }

    /// All versions that were ever measured: a state keeps the last ones alone.
    private func versions() throws -> [Version] {
        let search = EvidenceSearch(reader, upTo: try reader.head().sequence)
        var made: [Int: Event] = [:]
        var metrics: [Int: [String: Double]] = [:]
        for event in try search.all(
            about: .model(question.model), [ModelVersionCreated.self, ModelEvaluated.self])
        {
            if let created = event.payload(as: ModelVersionCreated.self) {
                made[created.version] = event
                metrics[created.version] = created.metrics
            } else if let evaluated = event.payload(as: ModelEvaluated.self) {
                metrics[evaluated.version] = evaluated.metrics
            }
        }
        let measured = made.sorted { $0.key < $1.key }.compactMap { number, event in
            metrics[number]?[question.metric].map {
                Version(version: number, value: $0, sequence: event.sequence, time: event.time)
            }
        }
        if measured.isEmpty, let last = made.keys.max() {
            throw Nothing.notMeasured(
                metric: question.metric, known: (metrics[last] ?? [:]).keys.sorted())
        }
        return measured
    }

    /// The records of the runs that made versions.
    private func starts(of versions: [Version]) throws -> [UInt64] {
        let search = EvidenceSearch(reader, upTo: try reader.head().sequence)
        var runs: [Int: UInt64] = [:]
        for event in try search.all(about: .pipeline(question.model), [RunStarted.self]) {
            if let run = event.members(of: RunStarted.self)?.value("run", as: Int.self) {
                runs[run] = event.sequence
            }
        }
        return try versions.map { version in
            let made = try search.event(version.sequence)?.payload(as: ModelVersionCreated.self)
            return made.flatMap { runs[$0.run] } ?? version.sequence
        }
    }

    /// What changed the inputs of the model's pipeline, the first first.
    private func changes() throws -> [Event] {
        let search = EvidenceSearch(reader, upTo: try reader.head().sequence)
        let accepted = try search.all(about: .workspace, [SettingsAccepted.self])
        // Each of the settings may have named another dataset.
        let datasets = Set(
            accepted.compactMap {
                $0.payload(as: SettingsAccepted.self)?.settings.pipelines[question.model]?.dataset
            })
        var events = accepted
        events += try search.all(
            about: Subject("code", question.model), [FileArrived.self, FileRemoved.self])
        for dataset in datasets {
            events += try search.all(
                about: .dataset(dataset),
                [DataAccepted.self, ContractAccepted.self, FileRemoved.self])
        }
        events.sort { $0.sequence < $1.sequence }
        var settings = WorkspaceSettings()
        return events.filter { event in
            if let accepted = event.payload(as: SettingsAccepted.self) {
                settings = accepted.settings
            }
            return isCandidate(event, settings)
        }
    }

    /// Those between two records.
    private func candidates(
        _ changes: [Event], after first: UInt64, upTo last: UInt64
    ) throws -> [Candidate] {
        var found: [Candidate] = []
        for event in changes where event.sequence > first && event.sequence < last {
            guard let record = try reader.record(event.sequence) else { continue }
            let end = event.sequence + UInt64(max(0, record.batchCount - record.batchIndex))
            if end < last { found.append(Candidate(event: event, settled: end)) }
        }
        return found
    }

    private func isCandidate(_ event: Event, _ settings: WorkspaceSettings) -> Bool {
        let dataset = settings.pipelines[question.model]?.dataset
        switch event.type {
        // A version of a dataset comes with the drop that it was made of.
        case DataAccepted.type, ContractAccepted.type: return event.subject.name == dataset
        case SettingsAccepted.type: return true
        case FileArrived.type, FileRemoved.type:
            if event.payload(as: FileArrived.self)?.change == .touched { return false }
            return event.subject == Subject("code", question.model)
                || event.type == FileRemoved.type && event.subject.kind == "dataset"
                    && event.subject.name == dataset
        default: return false
        }
    }

    // MARK: training in between

    /// Whether a model trained right after a change is bad; nil when none could be trained then.
    private func isBad(after change: Candidate, on machine: WhatIfMachine) async throws -> Bool? {
        let rehearsal = try TrainingRehearsal(reader, registry: registry, at: change.settled)
        let metrics = try await rehearsal.metrics(of: question.model, on: machine)
        return metrics?[question.metric].map { question.isBad($0) }
    }
}
