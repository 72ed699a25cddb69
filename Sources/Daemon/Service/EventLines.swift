import Millrace

/// One line of the log for an event of the journal.
struct EventLines: Sendable {
    private static let catalogue = EventCatalogue()
    let logger: Logger

    func write(_ events: [Event]) {
        let told = events.filter { EventLines.level(of: $0.type) <= logger.level }
        if told.isEmpty { return }
        let catalogue = EventLines.catalogue
        logger.log(count: told.count) {
            told.map { event in
                let about = event.subject.name.isEmpty ? "" : " \(event.subject)"
                let summary = catalogue.summary(of: event)
                return (
                    EventLines.level(of: event.type),
                    "#\(event.sequence) \(event.type)\(about): \(summary)"
                )
            }
        }
    }

    private static let levels: [String: LogLevel] = [
        ReactionHandled.type: .debug, PluginRegistered.type: .debug,
        "journal.watermark": .debug,
        ReactionFailed.type: .warning, ReactionDeadLettered.type: .error, ChainCut.type: .error,
        DataRejected.type: .warning, ContractRefused.type: .warning,
        SettingsRefused.type: .error, FileRefused.type: .warning, RunFailed.type: .warning,
        WatchDegraded.type: .warning, WatchOverflowed.type: .warning,
        CommandRefused.type: .warning, CommandDeclined.type: .warning,
        JournalRecovered.type: .warning, DeploymentRestored.type: .warning,
        PromotionRefused.type: .notice, DeploymentCompleted.type: .notice,
        ApprovalRequested.type: .notice,
    ]

    private static func level(of type: String) -> LogLevel { levels[type] ?? .info }
}
