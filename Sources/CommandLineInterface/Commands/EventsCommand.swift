import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace events`: what happened.
struct EventsCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let follow = Option.flag(
        "follow", short: "f", help: "wait for more, until interrupted")
    private static let since = Option.value(
        "since", .moment, help: "from this time, or from this record on")
    private static let until = Option.value(
        "until", .moment, help: "up to this time, or up to this record")
    private static let type = Option.repeated(
        "type", short: "t", ValueType.text.named("PATTERN"),
        help: "only these types; '*' stands for anything")
    private static let subject = Option.repeated(
        "subject", short: "s", ValueType.text.named("PATTERN"),
        help: "only about these, such as model/delays or 'dataset/*'")
    private static let correlation = Option.value(
        "correlation", ValueType.eventID, help: "only what goes back to the event with this id")
    private static let limit = Option.value(
        "limit", short: "n", .integer(0...1_000_000), help: "only the last N of them")
    private static let all = Option.flag(
        "all", short: "a", help: "also the marks that the runtime writes for itself")
    private static let json = Option.flag(
        "json", help: "the records themselves: one CloudEvents object a line")

    /// With --follow, unless something else is asked for.
    private static let lastShown = 10

    var command: Command {
        let clock = clock
        let registry = registry
        return Command(
            "events", summary: "list what happened, or watch it happen",
            discussion: """
                Reads the journal, and needs no daemon. A line is: number, time of day (UTC), type, \
                subject, and what it says; on a terminal it is cut at the edge. --json prints the \
                records whole, as they are in the journal.
                --follow begins with the last ten, unless --since or --limit says otherwise.
                """,
            group: "Look",
            examples: [
                .init("events --follow", "watch"),
                .init("events --since 1h --type 'data.*'", "the drops of the last hour"),
                .init("events --subject model/delays", "the story of a model"),
                .init("events --json | jq .type", "for programs"),
            ],
            options: [
                EventsCommand.follow, EventsCommand.since, EventsCommand.until,
                EventsCommand.type, EventsCommand.subject, EventsCommand.correlation,
                EventsCommand.limit, EventsCommand.all, EventsCommand.json, Shared.workspace,
            ]
        ) { input in
            let reader = try Reading.journal(try Shared.layout(input))
            var filter = EventFilter(
                types: input[EventsCommand.type], subjects: input[EventsCommand.subject],
                correlation: input[EventsCommand.correlation],
                withMarks: input[EventsCommand.all], marks: RuntimeMarks.types)
            if filter.correlation != nil { filter.withMarks = true }
            let now = clock()
            let start = try EventsCommand.start(input[EventsCommand.since], reader, now)
            var limit = input[EventsCommand.limit]
            if input[EventsCommand.follow], limit == nil, input[EventsCommand.since] == nil {
                limit = EventsCommand.lastShown
            }
            var listing = EventListing(
                filter: filter, until: EventsCommand.moment(input[EventsCommand.until], now),
                asJSON: input[EventsCommand.json], catalogue: Reading.catalogue(registry),
                out: input.out)
            guard let start else {
                if input[EventsCommand.follow] {
                    try await EventsCommand.follow(reader, listing, from: nil)
                }
                return .success
            }
            let next = try listing.list(reader, from: start, last: limit)
            if input[EventsCommand.follow] {
                try await EventsCommand.follow(reader, listing, from: next)
            }
            return .success
        }
    }

    /// The first record that is wanted; nil when all are earlier.
    private static func start(
        _ since: TypedMoment?, _ reader: JournalReader, _ now: Timestamp
    ) throws -> UInt64? {
        switch since {
        case nil: return 1
        case .sequence(let sequence): return sequence
        case .time(let time): return try reader.sequence(at: time)
        case .ago(let seconds):
            return try reader.sequence(at: now.advanced(bySeconds: -seconds))
        }
    }

    private static func moment(_ until: TypedMoment?, _ now: Timestamp) -> Moment {
        switch until {
        case nil: .end
        case .sequence(let sequence): .sequence(sequence)
        case .time(let time): .time(time)
        case .ago(let seconds): .time(now.advanced(bySeconds: -seconds))
        }
    }

    private static func follow(
        _ reader: JournalReader, _ listing: EventListing, from sequence: UInt64?
    ) async throws {
        try await BlockingThread.run {
            var listing = listing
            var next = try sequence ?? reader.head().sequence + 1
            let follower = try reader.follower(from: next)
            while !listing.isOver {
                next = try listing.list(reader, from: next, last: nil)
                // What it gives is read again by the cursor, which has the lines as they are.
                while let batch = try follower.next(), let last = batch.last,
                    last.sequence < next
                {}
            }
        }
    }
}

extension ValueType where Value == EventID {
    static let eventID = ValueType(
        placeholder: "ID", expectation: "an event's id, 32 hexadecimal digits",
        parse: { $0.text.flatMap { EventID(hex: $0) } })
}
