import Checksums
import Journal
package import Millrace

/// Makes the batch that a reaction appends.
package enum Emission {
    /// The id of an event that a plugin emits: the same reaction done again gives the same ids.
    package static func id(plugin: String, cause: EventID, ordinal: Int) -> EventID {
        var hash = SHA256()
        hash.update(Array("\(plugin)\u{0}\(cause)\u{0}\(ordinal)".utf8))
        return EventID(Digest(words: hash.finish().words))
    }

    /// - Throws: `ReactionError` for a type that the plugin does not declare.
    package static func drafts(
        _ payloads: [any EventPayload], by plugin: RegisteredPlugin, cause: Event
    ) throws -> [EventDraft] {
        var drafts: [EventDraft] = []
        func add(_ foreign: ForeignEvent) throws {
            guard plugin.emits.contains(foreign.typeName) else {
                throw ReactionError(
                    "plugin \(plugin.name) emits \(foreign.typeName) without declaring it: add it "
                        + "to externalPlugins.\(plugin.name).emits", retryable: false)
            }
            drafts.append(
                EventDraft(
                    id: id(plugin: plugin.name.rawValue, cause: cause.id, ordinal: drafts.count),
                    type: foreign.typeName, subject: foreign.subject,
                    actor: .plugin(plugin.name.rawValue), causation: cause.id,
                    correlation: cause.correlation, payload: foreign.data.bytes))
        }
        func add<P: EventPayload>(_ payload: P) throws {
            guard plugin.emits.contains(P.type) else {
                throw ReactionError(
                    "plugin \(plugin.name) emits \(P.type) without declaring it: "
                        + "add \(P.self).self to `emits`", retryable: false)
            }
            drafts.append(
                try EventDraft(
                    payload,
                    id: id(plugin: plugin.name.rawValue, cause: cause.id, ordinal: drafts.count),
                    actor: .plugin(plugin.name.rawValue), causation: cause.id,
                    correlation: cause.correlation))
        }
        for payload in payloads {
            if let foreign = payload as? ForeignEvent { try add(foreign) } else { try add(payload) }
        }
        return drafts
    }

    /// An event of the runtime itself about a reaction.
    package static func mark<P: EventPayload>(
        _ payload: P, cause: Event, salt: String
    ) throws -> EventDraft {
        try EventDraft(
            payload, id: id(plugin: "runtime/\(P.type)/\(salt)", cause: cause.id, ordinal: 0),
            actor: .system, causation: cause.id, correlation: cause.correlation)
    }

    /// - Throws: `ReactionError` for what the journal would refuse: the plugin's fault, and nobody
    ///   else's.
    static func check(_ batch: [EventDraft], of plugin: RegisteredPlugin) throws(ReactionError) {
        guard let problem = DraftRules.problem(in: batch) else { return }
        let type = batch.indices.contains(problem.index) ? batch[problem.index].type : "events"
        throw ReactionError(
            "plugin \(plugin.name) emits \(type) that no journal takes: \(problem.reason)",
            retryable: false)
    }
}
