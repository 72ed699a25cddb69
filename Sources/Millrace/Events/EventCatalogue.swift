/// The types of events that a program knows: those of the language and those of its plugins.
public struct EventCatalogue: Sendable {
    private let types: [String: any EventPayload.Type]

    public init(_ more: [any EventPayload.Type] = []) {
        types = Dictionary(
            (EventCatalogue.language + more).map { ($0.type, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The event's summary, or the beginning of its payload when its type is not known.
    public func summary(of event: Event) -> String {
        guard let type = types[event.type], let text = summary(of: event, as: type) else {
            return String(decoding: event.payload.prefix(200), as: UTF8.self)
        }
        return text
    }

    private func summary<P: EventPayload>(of event: Event, as type: P.Type) -> String? {
        event.payload(as: type)?.summary
    }

    /// The type of this name; nil when no module of the program defines it.
    public func payloadType(named name: String) -> (any EventPayload.Type)? { types[name] }

    /// The names of all types, in order.
    public var names: [String] { types.keys.sorted() }

    /// The types that the language itself defines.
    public static let language: [any EventPayload.Type] = [
        FileArrived.self, FileRemoved.self, FileRefused.self, DaemonStarted.self,
        DaemonStopped.self, SettingsAccepted.self, SettingsRefused.self, WatchDegraded.self,
        WatchRecovered.self, WatchOverflowed.self, WorkspaceSynced.self, CommandReceived.self,
        CommandRefused.self, CommandDeclined.self,
        PluginRegistered.self, ReactionHandled.self, ReactionFailed.self,
        ReactionInterrupted.self,
        ReactionDeadLettered.self, DeadLetterResolved.self, ChainCut.self, ContractProposed.self,
        ContractAccepted.self, ContractRefused.self, DataAccepted.self, DataRejected.self,
        DatasetVersionCreated.self, TrainingRequested.self, TrainingDeferred.self,
        RunStarted.self, RunCompleted.self, RunFailed.self, ModelVersionCreated.self,
        ModelEvaluated.self, GatesEvaluated.self, PromotionRefused.self, ApprovalRequested.self,
        ApprovalDecided.self, DeploymentPlanned.self, DeploymentCompleted.self,
        DeploymentRestored.self, StageChecked.self, DriftMeasured.self, JournalDamaged.self,
        JournalArchived.self, JournalRecovered.self, VaultCollected.self, ScheduleDue.self,
        CoolDownEnded.self,
    ]
}
