package import Journal
package import Millrace

/// What the journal has about a question of why something did not happen.
package struct WhyNotEvidence {
    /// An event that a plugin was to handle and has not.
    package struct Stuck: Sendable {
        package enum State: Sendable {
            case setAside(String)
            case fails(String)
            case waits
        }

        package let plugin: String
        package let event: Event
        package let state: State
    }

    package let question: WhyNot.Question
    /// The stage that counts.
    package let production: String
    /// The records that it is about, in order.
    package private(set) var events: [Event] = []
    package private(set) var stuck: [Stuck] = []
    /// For a file: the last run that its dataset's pipelines began, and the last that was put off.
    package private(set) var runAfter: Event?
    package private(set) var deferredAfter: Event?

    /// - Parameters:
    ///   - settings: those in force.
    ///   - plugins: whose pending events count.
    package init(
        _ reader: JournalReader, _ question: WhyNot.Question, settings: WorkspaceSettings,
        plugins: [RegisteredPlugin], at moment: Moment = .end
    ) throws {
        self.question = question
        let view = try WorkspaceView(
            reader, projections: [FailureRecord.self], plugins: plugins, at: moment)
        var subjects: Set<Subject> = []
        var pipelines: Set<String> = []
        switch question {
        case .version(let model, _), .model(let model):
            production = settings.pipelines[model]?.stages.last ?? "production"
            subjects = [.model(model), .pipeline(model), Subject("code", model)]
            if let dataset = settings.pipelines[model]?.dataset {
                subjects.formUnion([.dataset(dataset), Subject("contract", dataset)])
            }
        case .file(let path):
            production = ""
            let dataset = Area(of: path).name
            pipelines = Set(settings.pipelines.filter { $0.value.dataset == dataset }.keys)
        }
        let dead = Set(view.deliveries.deadLetters.map(\.event))
        let pending = view.deliveries.positions.values.reduce(into: Set<UInt64>()) {
            $0.formUnion($1.pending)
        }
        var candidates: [UInt64: Event] = [:]
        let cursor = try reader.cursor()
        while let record = try cursor.next(),
            moment.includes(sequence: record.sequence, time: record.time)
        {
            guard !RuntimeMarks.types.contains(record.type) else { continue }
            let isOpen = dead.contains(record.sequence) || pending.contains(record.sequence)
            guard isOpen || WhyNotEvidence.types.contains(record.type) else { continue }
            let event = try cursor.event(of: record)
            note(event, pipelines)
            guard isAbout(event, subjects) else { continue }
            if WhyNotEvidence.types.contains(event.type) { events.append(event) }
            if isOpen { candidates[event.sequence] = event }
        }
        gatherStuck(candidates, view)
    }

    private static let types: Set<String> = [
        ModelVersionCreated.type, GatesEvaluated.type, PromotionRefused.type,
        ApprovalRequested.type, ApprovalDecided.type, DeploymentPlanned.type,
        DeploymentCompleted.type, StageChecked.type, TrainingRequested.type,
        TrainingDeferred.type, RunStarted.type, RunFailed.type, DataAccepted.type,
        DataRejected.type, ContractAccepted.type, ContractRefused.type, SettingsAccepted.type,
        SettingsRefused.type, CommandRefused.type, FileRefused.type, FileRemoved.type,
        FileArrived.type,
    ]

    private mutating func note(_ event: Event, _ pipelines: Set<String>) {
        guard event.subject.kind == "pipeline", pipelines.contains(event.subject.name) else {
            return
        }
        if event.type == RunStarted.type { runAfter = event }
        if event.type == TrainingDeferred.type { deferredAfter = event }
    }

    private func isAbout(_ event: Event, _ subjects: Set<Subject>) -> Bool {
        guard case .file(let path) = question else {
            return subjects.contains(event.subject) && event.type != FileArrived.type
                || event.type == SettingsAccepted.type || event.type == SettingsRefused.type
        }
        if let file = event.payload(as: FileArrived.self) { return file.path == path }
        if let file = event.payload(as: FileRemoved.self) { return file.path == path }
        if let file = event.payload(as: FileRefused.self) { return file.path == path }
        if let data = event.payload(as: DataAccepted.self) { return data.file.path == path }
        if let data = event.payload(as: DataRejected.self) { return data.path == path }
        if let contract = event.payload(as: ContractRefused.self) { return contract.path == path }
        if let command = event.payload(as: CommandRefused.self) { return command.path == path }
        return event.type == SettingsRefused.type && Area(of: path).kind == .settings
    }

    private mutating func gatherStuck(_ candidates: [UInt64: Event], _ view: WorkspaceView) {
        for letter in view.deliveries.deadLetters {
            guard let event = candidates[letter.event] else { continue }
            stuck.append(
                Stuck(plugin: letter.plugin, event: event, state: .setAside(letter.error)))
        }
        let failures = view.state(FailureRecord.self).retrying
        for (plugin, position) in view.deliveries.positions.sorted(by: { $0.key < $1.key }) {
            for sequence in position.pending.sorted() {
                guard let event = candidates[sequence] else { continue }
                let key = FailureRecord.Key(plugin: plugin, sequence: sequence)
                stuck.append(
                    Stuck(
                        plugin: plugin, event: event,
                        state: failures[key].map { .fails($0.error) } ?? .waits))
            }
        }
    }
}
