/// The last event of a type, as it is in the journal. Its payload is decoded when somebody asks: of a
/// thousand dataset versions that are folded one after the other nobody asks for any but the last.
public struct LastEvent<Payload: EventPayload>: Sendable, Codable {
    public let sequence: UInt64
    public let time: Timestamp
    private let version: Int
    private let bytes: [UInt8]

    /// Nil for an event of another type.
    public init?(_ event: Event) {
        guard event.type == Payload.type else { return nil }
        sequence = event.sequence
        time = event.time
        version = event.version
        bytes = event.payload
    }

    /// Nil when it cannot be read, as when a newer program wrote it.
    public var payload: Payload? {
        let nobody = EventID(high: 0, low: 0)
        return Event(
            sequence: sequence, id: nobody, type: Payload.type, version: version,
            subject: .workspace, time: time, actor: .system, causation: nil, correlation: nobody,
            payload: bytes
        ).payload(as: Payload.self)
    }
}
