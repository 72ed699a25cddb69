import Millrace

/// How a plugin that is a program of its own is spoken to.
///
/// The program reads its standard input and writes its standard output, one JSON object a line (RFC
/// 8259, UTF-8, no line breaks inside). Its standard error goes to the daemon's log. It is started
/// when there is something to do for it, in the workspace, with `MILLRACE_WORKSPACE` in its
/// environment, and handles one event at a time. The end of its input means that the daemon is gone:
/// it should end too, and is killed when it does not.
///
///     daemon   {"hello": {"protocol": 1, "plugin": NAME, "settings": {…}, "workspace": PATH}}
///     program  {"hello": {"protocol": 1}}                       within 10 s; another version is refused
///
///     daemon   {"event": {…}, "events": [{…}, …], "attempt": 1, "files": {SHA256: PATH}}
///     program  {"progress": {"fraction": 0.5, "doing": TEXT}}   any number of these, or none
///     program  {"events": [{"type": TYPE, "subject": "KIND/NAME", "data": {…}}, …]}
///        or    {"error": TEXT, "retryable": true}
///
///     daemon   {"ping": N}                                      before an event, after a minute's rest
///     program  {"pong": N}                                      within 10 s, or it is started anew
///
/// An event has the members of the journal's records: `specversion`, `id`, `type`, `subject`, `time`,
/// `sequence`, `actor`, `correlationid`, `causationid`, `dataversion`, `data`. `events` is there when
/// one call stands for several, `event` is the last of them. `files` says where the bytes are of each
/// digest in `data`, to be read and not changed.
///
/// The events of an answer and the mark that the event was handled are one batch of the journal. When
/// the daemon dies before it, the same event comes again, so what the program does to the world has to
/// bear being done again; the event's `id` is the key. `subject` may be left out: then it is what a
/// known type says, or `plugin/NAME`. A type that the settings do not name under `emits` is an error.
enum ExternalProtocol {
    static let version = 1
    /// The most that one line of a program may have.
    static let lineLimit = 4 << 20
    /// The most events of one answer.
    static let eventLimit = 1000
    static let greetingMilliseconds: Int64 = 10_000
    static let pongMilliseconds: Int64 = 10_000
    /// A program that has said nothing for so long is asked whether it is there.
    static let restMilliseconds: Int64 = 60_000

    /// What a program says.
    enum Word: Equatable {
        case hello(version: Int64)
        case pong(Int64)
        case progress(fraction: Double?, doing: String)
        case events([ExternalEvent])
        case error(String, retryable: Bool)
    }

    static func hello(_ plugin: PluginName, _ settings: JSONValue, workspace: String) -> [UInt8] {
        line([
            "hello": [
                "protocol": .integer(Int64(version)), "plugin": .string(plugin.rawValue),
                "settings": settings, "workspace": .string(workspace),
            ]
        ])
    }

    static func ping(_ number: Int64) -> [UInt8] { line(["ping": .integer(number)]) }

    /// - Parameter path: where the bytes of a digest are; nil when there are none.
    static func event(
        _ request: ExternalRequest, path: (Digest) -> String?
    ) throws -> [UInt8] {
        let events = try request.events.map { try json($0) }
        guard let last = events.last else { return [] }
        var paths: [JSONValue.Member] = []
        for event in events { collect(event["data"], path, into: &paths) }
        var members: [JSONValue.Member] = [.init("event", last)]
        if events.count > 1 { members.append(.init("events", .array(events))) }
        members += [
            .init("attempt", .integer(Int64(request.attempt))), .init("files", .object(paths)),
        ]
        return line(.object(members))
    }

    private static func line(_ value: JSONValue) -> [UInt8] { value.bytes + [UInt8(ascii: "\n")] }

    private static func json(_ event: Event) throws -> JSONValue {
        [
            "specversion": "1.0", "id": .string("\(event.id)"), "type": .string(event.type),
            "subject": .string("\(event.subject)"), "time": .string("\(event.time)"),
            "sequence": .integer(Int64(clamping: event.sequence)),
            "actor": .string("\(event.actor)"), "correlationid": .string("\(event.correlation)"),
            "causationid": event.causation.map { .string("\($0)") } ?? .null,
            "dataversion": .integer(Int64(event.version)),
            "data": try JSONValue(parsing: event.payload),
        ]
    }

    /// The places of the bytes of every digest in a value.
    private static func collect(
        _ value: JSONValue?, _ path: (Digest) -> String?, into found: inout [JSONValue.Member]
    ) {
        guard found.count < eventLimit else { return }
        switch value {
        case .string(let text):
            guard text.utf8.count == 64, let digest = Digest(hex: text),
                !found.contains(where: { $0.key == text }), let place = path(digest)
            else { return }
            found.append(.init(text, .string(place)))
        case .array(let elements): for element in elements { collect(element, path, into: &found) }
        case .object(let members):
            for member in members { collect(member.value, path, into: &found) }
        default: return
        }
    }

    /// Reads a line of a program. - Throws: `ReactionError` that says what is wrong with it.
    static func read(_ line: ArraySlice<UInt8>) throws -> Word {
        let value: JSONValue
        do { value = try JSONValue(parsing: line) } catch {
            throw ReactionError("its answer is no JSON: \(error): \(excerpt(line))")
        }
        if let hello = value["hello"] {
            return .hello(version: hello["protocol"]?.integerValue ?? 0)
        }
        if let number = value["pong"]?.integerValue { return .pong(number) }
        if let progress = value["progress"] {
            return .progress(
                fraction: progress["fraction"]?.doubleValue.map { min(max($0, 0), 1) },
                doing: progress["doing"]?.stringValue ?? "")
        }
        if let error = value["error"]?.stringValue {
            return .error(error, retryable: value["retryable"]?.boolValue ?? true)
        }
        guard let events = value["events"]?.arrayValue else {
            throw ReactionError(
                "it answers neither with events nor with an error: \(excerpt(line))")
        }
        guard events.count <= eventLimit else {
            throw ReactionError(
                "it answers with \(events.count) events; at most \(eventLimit) are taken",
                retryable: false)
        }
        return .events(try events.map(event))
    }

    private static func event(_ value: JSONValue) throws -> ExternalEvent {
        guard let type = value["type"]?.stringValue, let data = value["data"], data.members != nil
        else {
            throw ReactionError(
                "an event of its answer has no type, or no object as data", retryable: false)
        }
        var subject: Subject?
        if let text = value["subject"]?.stringValue {
            guard !text.isEmpty, text.utf8.count <= 512, text.utf8.allSatisfy({ $0 >= 0x20 }) else {
                throw ReactionError("an event of its answer has no good subject", retryable: false)
            }
            subject = Subject(parsing: text)
        }
        return ExternalEvent(type: type, subject: subject, data: data)
    }

    private static func excerpt(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.prefix(200), as: UTF8.self)
    }
}
