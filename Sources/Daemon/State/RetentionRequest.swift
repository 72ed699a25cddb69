import Journal
package import Millrace

/// A command about retention: `archive`, or `collect` for the vault.
package struct RetentionRequest: Codable, Sendable {
    /// Of the command's event.
    let id: EventID
    let correlation: EventID
    let command: CommandReceived

    var cause: JournalArchive.Cause { .init(id: id, correlation: correlation) }

    /// Nil for any other event.
    init?(_ event: Event) {
        guard let command = event.payload(as: CommandReceived.self),
            Self.subjects[command.command]?.description == command.about
        else { return nil }
        id = event.id
        correlation = event.correlation
        self.command = command
    }

    /// What each command is about.
    package static let subjects = [
        JournalArchived.command: JournalArchived.subject,
        VaultCollected.command: VaultCollected.subject,
    ]
    /// What answers one.
    static let answers: Set<String> = [
        JournalArchived.type, VaultCollected.type, CommandDeclined.type,
    ]
}
