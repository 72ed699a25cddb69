package import Millrace

/// What a draft must be like to become a record that every reader takes back unchanged.
package enum DraftRules {
    /// Nil when the batch can be written; otherwise the first draft that cannot, and why.
    package static func problem(in drafts: [EventDraft]) -> (index: Int, reason: String)? {
        if drafts.isEmpty { return (0, "the batch is empty") }
        if drafts.count > RecordFormat.maximumBatch {
            return (0, "\(drafts.count) events in one batch; \(RecordFormat.maximumBatch) at most")
        }
        var total = 0
        // By index, for an iterator would retain what a draft holds.
        for index in drafts.indices {
            if let reason = problem(in: drafts[index]) { return (index, reason) }
            total += drafts[index].payload.count + 1024
            if total > maximumBytes {
                return (index, "the batch is larger than \(maximumBytes) bytes")
            }
        }
        return nil
    }

    /// Payloads of one batch, together: 16 MiB. A reader holds a whole batch in memory.
    static let maximumBytes = 16 << 20

    private static func problem(in draft: EventDraft) -> String? {
        let type = draft.type.utf8
        if type.isEmpty || type.count > RecordFormat.maximumType {
            return "the type has \(type.count) bytes; 1 to \(RecordFormat.maximumType) are allowed"
        }
        if !type.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            return "the type \(draft.type.debugDescription) is not plain printable ASCII"
        }
        if draft.version < 1 { return "the version \(draft.version) is below 1" }
        let kind = draft.subject.kind.utf8
        let name = draft.subject.name.utf8
        let subject = kind.count + (name.isEmpty ? 0 : 1 + name.count)
        if subject == 0 || subject > RecordFormat.maximumSubject {
            return "the subject has \(subject) bytes; "
                + "1 to \(RecordFormat.maximumSubject) are allowed"
        }
        if kind.contains(UInt8(ascii: "/")) {
            return
                "the subject \(draft.subject.description.debugDescription) has a slash in its kind"
        }
        // "uid:" and ten digits at most, where it is no plugin.
        let actor = if case .plugin(let name) = draft.actor { 7 + name.utf8.count } else { 14 }
        if actor > RecordFormat.maximumActor {
            return "the actor's name is longer than \(RecordFormat.maximumActor) bytes"
        }
        // Escaping can make six bytes of one.
        let most = RecordFormat.maximumLine - 4096 - 6 * (subject + 2 * actor)
        if draft.payload.count > most {
            return "the payload has \(draft.payload.count) bytes; at most \(most) fit in a record; "
                + "keep large data in the vault and its digest in the event"
        }
        if let flaw = JSONText.flaw(in: draft.payload) { return "the payload is \(flaw)" }
        return nil
    }
}
