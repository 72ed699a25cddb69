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
        let search = EvidenceSearch(reader, upTo: view.sequence)
        try gatherEvents(search, subjects)
        try gatherLast(search, pipelines)
        let bystanders = plugins.filter { $0.emits.isDisjoint(with: WhyNotEvidence.steps) }
        try gatherStuck(search, view, subjects, not: Set(bystanders.map(\.name.rawValue)))
    }

    /// What leads on from a drop to production: a plugin that emits nothing of it holds nothing up.
    private static let steps = types.union([
        DatasetVersionCreated.type, RunCompleted.type, DriftMeasured.type,
    ])

    /// All that was said about it, in order.
    private mutating func gatherEvents(
        _ search: EvidenceSearch, _ subjects: Set<Subject>
    ) throws {
        var places = subjects.union([.workspace])
        if case .file(let path) = question {
            let area = Area(of: path)
            // A contract's file and a command's are spoken of elsewhere, too.
            places.formUnion([area.subject, .dataset(area.name), Subject("inbox", "")])
        }
        var types = WhyNotEvidence.types
        // Arrivals are many, and only tell of files.
        if case .file = question { types.insert(FileArrived.type) }
        for subject in places {
            events += try search.all(about: subject, types).filter {
                isAbout($0, subjects)
            }
        }
        events.sort { $0.sequence < $1.sequence }
    }

    private mutating func gatherLast(_ search: EvidenceSearch, _ pipelines: Set<String>) throws {
        func later(_ a: Event?, _ b: Event?) -> Event? {
            [a, b].compactMap { $0 }.max { $0.sequence < $1.sequence }
        }
        for pipeline in pipelines {
            runAfter = later(
                runAfter, try search.latest(about: .pipeline(pipeline), RunStarted.self))
            deferredAfter = later(
                deferredAfter, try search.latest(about: .pipeline(pipeline), TrainingDeferred.self))
        }
    }

    private static let types: Set<String> = [
        ModelVersionCreated.type, GatesEvaluated.type, PromotionRefused.type,
        ApprovalRequested.type, ApprovalDecided.type, DeploymentPlanned.type,
        DeploymentCompleted.type, StageChecked.type, TrainingRequested.type,
        TrainingDeferred.type, RunStarted.type, RunFailed.type, DataAccepted.type,
        DataRejected.type, ContractAccepted.type, ContractRefused.type, SettingsAccepted.type,
        SettingsRefused.type, CommandRefused.type, FileRefused.type, FileRemoved.type,
    ]

    private func isAbout(_ event: Event, _ subjects: Set<Subject>) -> Bool {
        guard case .file(let path) = question else {
            return subjects.contains(event.subject) && event.type != FileArrived.type
                || event.type == SettingsAccepted.type || event.type == SettingsRefused.type
        }
        if let file = event.payload(as: FileArrived.self) {
            return file.path == path && file.change != .touched
        }
        if let file = event.payload(as: FileRemoved.self) { return file.path == path }
        if let file = event.payload(as: FileRefused.self) { return file.path == path }
        if let data = event.payload(as: DataAccepted.self) { return data.file.path == path }
        if let data = event.payload(as: DataRejected.self) { return data.path == path }
        if let contract = event.payload(as: ContractRefused.self) { return contract.path == path }
        if let command = event.payload(as: CommandRefused.self) { return command.path == path }
        return event.type == SettingsRefused.type && Area(of: path).kind == .settings
    }

    /// What a plugin could not handle, or has not handled yet.
    private mutating func gatherStuck(
        _ search: EvidenceSearch, _ view: WorkspaceView, _ subjects: Set<Subject>,
        not bystanders: Set<String>
    ) throws {
        func candidate(_ sequence: UInt64) throws -> Event? {
            guard let event = try search.event(sequence), isAbout(event, subjects) else {
                return nil
            }
            return event
        }
        for letter in view.deliveries.deadLetters where !bystanders.contains(letter.plugin) {
            guard let event = try candidate(letter.event) else { continue }
            stuck.append(
                Stuck(plugin: letter.plugin, event: event, state: .setAside(letter.error)))
        }
        let failures = view.state(FailureRecord.self).retrying
        for (plugin, position) in view.deliveries.positions.sorted(by: { $0.key < $1.key })
        where !bystanders.contains(plugin) {
            for sequence in position.pending.sorted() {
                guard let event = try candidate(sequence) else { continue }
                let key = FailureRecord.Key(plugin: plugin, sequence: sequence)
                stuck.append(
                    Stuck(
                        plugin: plugin, event: event,
                        state: failures[key].map { .fails($0.error) } ?? .waits))
            }
        }
    }
}
