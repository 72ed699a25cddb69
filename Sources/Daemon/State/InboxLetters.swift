import Millrace

/// The command files that lie in the inbox, in the order in which they came.
struct InboxLetters: Projection {
    static let types: [any EventPayload.Type] = [FileArrived.self, FileRemoved.self]

    private(set) var letters: [InboxCleaner.Letter] = []

    mutating func apply(_ event: Event) {
        guard event.subject.kind == "inbox" else { return }
        if let letter = InboxCleaner.letter(event) {
            letters.removeAll { $0.path == letter.path }
            letters.append(letter)
        } else if let removed = event.payload(as: FileRemoved.self) {
            letters.removeAll { $0.path == removed.path }
        }
    }
}
