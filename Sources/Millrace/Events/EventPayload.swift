/// The typed content of an event: what a plugin reacts to and what it emits.
///
/// The layout of a type is versioned. When it changes, `version` goes up by one and `upcast` brings
/// older payloads up to date, so that a journal written by any released version can be read for ever.
public protocol EventPayload: Codable, Sendable {
    /// A past-tense name with a dot, for example `data.accepted`.
    static var type: String { get }

    /// The version of this layout, from 1.
    static var version: Int { get }

    /// What the event is about. Events of one subject reach a plugin in order.
    var subject: Subject { get }

    /// One line for a person, without the type and the subject.
    var summary: String { get }

    /// Brings a payload of an older version to the next one. Never called for the current version.
    static func upcast(_ payload: JSONValue, from version: Int) -> JSONValue
}

extension EventPayload {
    public static var version: Int { 1 }
    public var summary: String { "" }
    public static func upcast(_ payload: JSONValue, from version: Int) -> JSONValue { payload }
}

/// A payload that does not have the form its type promises.
public struct PayloadError: Error, Sendable, CustomStringConvertible {
    public let sequence: UInt64
    public let type: String
    public let reason: String

    public var description: String {
        "event \(sequence) (\(type)) cannot be read: \(reason)"
    }
}

extension Event {
    /// The payload as a type. - Throws: `PayloadError` when this is another type's event, when it was
    /// written by a newer version, or when the payload does not have the promised form.
    public func decode<P: EventPayload>(_: P.Type) throws(PayloadError) -> P {
        guard type == P.type else { throw failure("it is no \(P.type)") }
        guard version <= P.version else {
            throw failure(
                "it has layout version \(version), this program knows up to \(P.version)")
        }
        if version == P.version, let tape = JSONTape(payload),
            let value = try? JSONTapeDecoder(tape).value(P.self)
        {
            return value
        }
        do {
            // What is wrong is told in words.
            var value = try JSONValue(parsing: payload)
            for older in version..<P.version { value = P.upcast(value, from: older) }
            return try value.decode(P.self)
        } catch {
            throw failure("\(error)")
        }
    }

    /// The payload as a type, or nil when it is another type's or cannot be read. For projections,
    /// which must fold whatever a journal holds.
    public func payload<P: EventPayload>(as _: P.Type) -> P? {
        guard type == P.type else { return nil }
        return try? decode(P.self)
    }

    private func failure(_ reason: String) -> PayloadError {
        PayloadError(sequence: sequence, type: type, reason: reason)
    }
}

extension EventDraft {
    /// An event with a typed payload. - Throws: when the payload holds a number that JSON cannot.
    public init<P: EventPayload>(
        _ payload: P, id: EventID, actor: Actor, causation: EventID? = nil,
        correlation: EventID? = nil
    ) throws {
        self.init(
            id: id, type: P.type, version: P.version, subject: payload.subject, actor: actor,
            causation: causation, correlation: correlation,
            payload: try JSONValue(encoding: payload).bytes)
    }
}
