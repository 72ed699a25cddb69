package import Journal
package import Millrace

/// Finds what made a metric of a model cross a bound: between two versions by what was measured, and
/// between their inputs, where there are several, by training in between.
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
        /// The metric with the culprit; nil when it was not trained for that.
        package var versionsAsked = 0
        package var trainings = 0
        /// As many questions as halving may need for all that changed in history.
        package var questionsMax = 0
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
        var search = Bisection(from: first, to: last)
        while let next = search.next { search.answer(question.isBad(versions[next].value)) }
        let good = versions[search.found - 1]
        let bad = versions[search.found]
        let all = try changes()
        let between = try candidates(all, after: start(of: good), upTo: start(of: bad))
        var answer = Answer(
            good: good, bad: bad, candidates: between, culprit: nil,
            versionsAsked: search.questions,
            questionsMax: MetricBisect.halvings(of: max(all.count, 1)) + 1)
        if between.count == 1 {
            answer.culprit = between[0]
        } else if let machine, !between.isEmpty {
            try await narrow(&answer, machine)
        }
        return answer
    }

    private static func halvings(of count: Int) -> Int {
        var halvings = 0
        while 1 << halvings < count { halvings += 1 }
        return halvings
    }

    // MARK: what is known

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

    /// The record of the run that made a version.
    private func start(of version: Version) throws -> UInt64 {
        let search = EvidenceSearch(reader, upTo: version.sequence)
        guard
            let run = try search.event(version.sequence)?.payload(as: ModelVersionCreated.self)?
                .run,
            let started = try search.latest(
                about: .pipeline(question.model), RunStarted.self,
                where: { $0.members(of: RunStarted.self)?.value("run") == run })
        else { return version.sequence }
        return started.sequence
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

    private func narrow(_ answer: inout Answer, _ machine: WhatIfMachine) async throws {
        // Before the first of them the version was good, with the last of them it was bad.
        var search = Bisection(from: -1, to: answer.candidates.count - 1)
        while let next = search.next {
            let place = answer.candidates[next].settled
            let rehearsal = try TrainingRehearsal(reader, registry: registry, at: place)
            let metrics = try await rehearsal.metrics(of: question.model, on: machine)
            answer.trainings += 1
            guard let value = metrics?[question.metric] else { return }
            search.answer(question.isBad(value))
        }
        answer.culprit = answer.candidates[search.found]
    }
}
