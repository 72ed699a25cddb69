import Console
import Millrace

/// How events look on a terminal.
enum EventText {
    /// The colour of a type: what went well, what needs a look, what failed.
    static func style(of event: Event) -> Style {
        switch event.type {
        case DeploymentCompleted.type, DataAccepted.type, RunCompleted.type: .good
        case DataRejected.type, RunFailed.type, ReactionDeadLettered.type, ChainCut.type,
            SettingsRefused.type, ContractRefused.type, CommandRefused.type, FileRefused.type,
            "journal.damaged":
            .bad
        case PromotionRefused.type, ApprovalRequested.type, ReactionFailed.type,
            WatchDegraded.type, WatchOverflowed.type, TrainingDeferred.type, JournalRecovered.type,
            DeploymentRestored.type:
            .warning
        case DriftMeasured.type:
            event.payload(as: DriftMeasured.self)?.drifted == true ? .warning : .name
        default: .name
        }
    }

    /// The digest that an event is about, for a line; nil when there is none.
    static func digest(of event: Event) -> Digest? {
        guard let payload = try? JSONValue(parsing: event.payload) else { return nil }
        let candidates = [
            payload["artifact"], payload["sha256"], payload["file"]?["sha256"],
            payload["digest"], payload["contract"], payload["inputs"]?["datasetDigest"],
        ]
        return candidates.lazy.compactMap { $0?.stringValue.flatMap { Digest(hex: $0) } }.first
    }

    /// `#41  2026-03-03 14:03:27  plugin:deployer  3fa9c1d2e4f5`
    static func origin(of event: Event) -> Text {
        var text: Text =
            "#\(event.sequence, .name)  \(Format.dateAndTime(event.time))  \(event.actor)"
        if let digest = digest(of: event) { text += "  \(digest.short)" }
        return text.styled(.faint)
    }

    /// `auc 0.6712, log loss 0.51`
    static func metrics(_ metrics: [String: Double]) -> String {
        metrics.keys.sorted().prefix(4).map { name in
            "\(name) \(Format.fixed(metrics[name] ?? 0, 4))"
        }.joined(separator: ", ")
    }
}

/// An event as JSON for programs, its payload in place.
struct EventRecord: Codable, Sendable {
    var sequence: UInt64
    var id: EventID
    var type: String
    var subject: String
    var time: Timestamp
    var actor: String
    var causation: EventID?
    var correlation: EventID
    var digest: Digest?
    var summary: String
    var data: JSONValue

    init(_ event: Event, _ catalogue: EventCatalogue) {
        sequence = event.sequence
        id = event.id
        type = event.type
        subject = event.subject.description
        time = event.time
        actor = event.actor.description
        causation = event.causation
        correlation = event.correlation
        digest = EventText.digest(of: event)
        summary = catalogue.summary(of: event)
        data = (try? JSONValue(parsing: event.payload)) ?? .null
    }
}
