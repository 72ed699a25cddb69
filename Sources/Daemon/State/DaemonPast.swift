import Millrace

/// What a daemon has to know of those before it.
struct DaemonPast: Projection {
    static let types: [any EventPayload.Type] = [
        DaemonStarted.self, DaemonStopped.self, PluginRegistered.self, JournalDamaged.self,
        CommandReceived.self, CommandDeclined.self, JournalArchived.self, VaultCollected.self,
    ]

    private(set) var registered: Set<String> = []
    /// Whether the last daemon said that it ends.
    private(set) var endedInGoodOrder = true
    /// The damaged places that somebody accepted.
    private(set) var accepted: [JournalDamaged.Place] = []

    /// Commands about retention that nobody has answered.
    private(set) var requests: [RetentionRequest] = []

    mutating func apply(_ event: Event) {
        if let request = RetentionRequest(event) { requests.append(request) }
        if !requests.isEmpty, RetentionRequest.answers.contains(event.type) {
            requests.removeAll { $0.id == event.causation }
        }
        switch event.type {
        case DaemonStarted.type: endedInGoodOrder = false
        case DaemonStopped.type: endedInGoodOrder = true
        case PluginRegistered.type: registered.insert(event.subject.name)
        case JournalDamaged.type:
            accepted += event.payload(as: JournalDamaged.self)?.damages ?? []
        default: break
        }
    }
}
