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
        switch question {
        case .version(let model, let version): try gather(search, model, version)
        case .model(let model):
            try gather(search, model, nil)
            try gatherTraining(search, model)
            let settled = try search.latest(
                about: .workspace, SettingsAccepted.self, SettingsRefused.self)
            events += settled.map { [$0] } ?? []
            if let dataset = settings.pipelines[model]?.dataset {
                try gatherInputs(search, dataset, view.state(FailureRecord.self))
            }
        case .file(let path): try gather(search, path)
        }
        events.sort { $0.sequence < $1.sequence }
        try gatherLast(search, pipelines)
        let bystanders = plugins.filter { $0.emits.isDisjoint(with: WhyNotEvidence.steps) }
        try gatherStuck(search, view, subjects, not: Set(bystanders.map(\.name.rawValue)))
    }

    /// What leads on from a drop to production: a plugin that emits nothing of it holds nothing up.
    private static let steps: Set<String> = [
        ModelVersionCreated.type, GatesEvaluated.type, PromotionRefused.type,
        ApprovalRequested.type, ApprovalDecided.type, DeploymentPlanned.type,
        DeploymentCompleted.type, StageChecked.type, TrainingRequested.type,
        TrainingDeferred.type, RunStarted.type, RunFailed.type, DataAccepted.type,
        DataRejected.type, ContractAccepted.type, ContractRefused.type, SettingsAccepted.type,
        SettingsRefused.type, CommandRefused.type, FileRefused.type, FileRemoved.type,
        DatasetVersionCreated.type, RunCompleted.type, DriftMeasured.type,
    ]

    // What a reason is found in is gathered from the end back to where an earlier record would change
    // nothing: a history may be long, and the answer is seldom far away.

    /// Back to where a version was made, the newest one if nil, and to the deployment that is live.
    private mutating func gather(
        _ search: EvidenceSearch, _ model: String, _ version: Int?
    ) throws {
        var (isMade, isLive) = (false, false)
        try search.walkBack(
            .model(model),
            [
                ModelVersionCreated.self, GatesEvaluated.self, PromotionRefused.self,
                ApprovalRequested.self, ApprovalDecided.self, DeploymentPlanned.self,
                DeploymentCompleted.self, StageChecked.self,
            ]
        ) { event in
            events.append(event)
            if event.type == ModelVersionCreated.type {
                isMade = isMade || version.map { event.isAbout(version: $0, stage: nil) } ?? true
            } else if let deployed = event.payload(as: DeploymentCompleted.self) {
                isLive = isLive || deployed.stage == production
            }
            return !(isMade && isLive)
        }
    }

    /// Back to the last request that led to the newest version, or to nothing yet.
    private mutating func gatherTraining(_ search: EvidenceSearch, _ pipeline: String) throws {
        // The newest record came first.
        let made = events.first { $0.type == ModelVersionCreated.type }?.sequence ?? 0
        try search.walkBack(
            .pipeline(pipeline),
            [TrainingRequested.self, TrainingDeferred.self, RunStarted.self, RunFailed.self]
        ) { event in
            events.append(event)
            return event.type != TrainingRequested.type || event.sequence > made
        }
    }

    /// The last word about drops and, where one was refused, about contracts.
    private mutating func gatherInputs(
        _ search: EvidenceSearch, _ dataset: String, _ failures: FailureRecord
    ) throws {
        try search.walkBack(.dataset(dataset), [DataAccepted.self, DataRejected.self]) { event in
            events.append(event)
            return event.type != DataAccepted.type
        }
        let isRefused = failures.refusedInputs.keys.contains { path in
            WorkspacePath(escaped: path).map { Area(of: $0) } == Area(.contract, dataset)
        }
        guard isRefused else { return }
        let last = try search.latest(
            about: .dataset(dataset), ContractAccepted.self, ContractRefused.self)
        events += last.map { [$0] } ?? []
    }

    /// The last word about a file.
    private mutating func gather(_ search: EvidenceSearch, _ path: WorkspacePath) throws {
        let area = Area(of: path)
        // A contract's file and a command's are spoken of elsewhere, too.
        for subject in [
            area.subject, .dataset(area.name), .workspace, Subject("inbox", ""),
        ] as Set<Subject> {
            let last = try search.latest(
                about: subject, FileArrived.self, FileRemoved.self, FileRefused.self,
                DataAccepted.self, DataRejected.self, ContractRefused.self, CommandRefused.self,
                SettingsRefused.self
            ) { isAbout($0, []) }
            events += last.map { [$0] } ?? []
        }
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
        let letters = view.deliveries.deadLetters.filter { !bystanders.contains($0.plugin) }
        let positions = view.deliveries.positions.filter { !bystanders.contains($0.key) }
            .sorted { $0.key < $1.key }
        let open = Set(letters.map(\.event)).union(positions.flatMap(\.value.pending))
        let events = try search.events(at: open) { isAbout($0, subjects) }
        for letter in letters {
            guard let event = events[letter.event] else { continue }
            stuck.append(
                Stuck(plugin: letter.plugin, event: event, state: .setAside(letter.error)))
        }
        let failures = view.state(FailureRecord.self).retrying
        for (plugin, position) in positions {
            for sequence in position.pending.sorted() {
                guard let event = events[sequence] else { continue }
                let key = FailureRecord.Key(plugin: plugin, sequence: sequence)
                stuck.append(
                    Stuck(
                        plugin: plugin, event: event,
                        state: failures[key].map { .fails($0.error) } ?? .waits))
            }
        }
    }
}
