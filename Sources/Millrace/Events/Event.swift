/// One entry of the journal: something that happened, never changed afterwards.
public struct Event: Sendable, Hashable {
    /// The place in the journal: 1 for the first event, without gaps.
    public let sequence: UInt64
    public let id: EventID
    /// A past-tense name with a dot, for example `data.accepted`.
    public let type: String
    /// The version of the payload's layout, from 1; older ones are brought up to date when read.
    public let version: Int
    public let subject: Subject
    /// When it was appended. Never earlier than the event before it.
    public let time: Timestamp
    public let actor: Actor
    /// The event that caused this one; nil for what came from outside.
    public let causation: EventID?
    /// The event that everything goes back to: the root drop. Equal to `id` for a root.
    public let correlation: EventID
    /// The payload as canonical JSON in UTF-8.
    public let payload: [UInt8]

    public init(
        sequence: UInt64, id: EventID, type: String, version: Int, subject: Subject,
        time: Timestamp, actor: Actor, causation: EventID?, correlation: EventID, payload: [UInt8]
    ) {
        self.sequence = sequence
        self.id = id
        self.type = type
        self.version = version
        self.subject = subject
        self.time = time
        self.actor = actor
        self.causation = causation
        self.correlation = correlation
        self.payload = payload
    }
}

/// An event that is about to be appended: all but its place and time.
public struct EventDraft: Sendable, Hashable {
    public var id: EventID
    public var type: String
    public var version: Int
    public var subject: Subject
    public var actor: Actor
    public var causation: EventID?
    public var correlation: EventID
    /// Canonical JSON in UTF-8.
    public var payload: [UInt8]

    public init(
        id: EventID, type: String, version: Int = 1, subject: Subject, actor: Actor,
        causation: EventID? = nil, correlation: EventID? = nil, payload: [UInt8]
    ) {
        self.id = id
        self.type = type
        self.version = version
        self.subject = subject
        self.actor = actor
        self.causation = causation
        self.correlation = correlation ?? id
        self.payload = payload
    }
}
