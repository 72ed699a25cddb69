import Console
import Daemon
import Journal
import Millrace
import Runtime

/// `millrace deadletter`: the events that a plugin could not handle.
struct DeadLetterCommand {
    let inbox: InboxCommand

    private static let plugin = Option.value(
        "plugin", .text, help: "whose, when several plugins could not handle the event")
    private static let event = Argument.required(
        "NUMBER", ValueType.integer(1...Int.max), help: "the record's number, from the list")

    var command: Command {
        Command(
            "deadletter", summary: "events that a plugin could not handle",
            discussion: """
                After several attempts an event is set aside, and the plugin goes on with the next. \
                Mend the cause, then put it back with 'retry', or decide with 'drop' that nothing is \
                to be done about it.
                """,
            group: "Decide",
            subcommands: [
                list, show,
                resolve("retry", .retried, "let the plugin try it again"),
                resolve("drop", .dropped, "leave it unhandled, for good"),
            ])
    }

    private var list: Command {
        let clock = inbox.clock
        return Command(
            "list", summary: "what was set aside",
            examples: [
                .init("deadletter list", "number, plugin and error of each"),
                .init("deadletter list --at 2d", "as it was two days ago"),
            ],
            options: [Shared.at, Shared.json, Shared.workspace]
        ) { input in
            let letters = try DeadLetterCommand.letters(
                input, at: Shared.moment(input, now: clock()))
            if input[Shared.json] {
                try Reading.write(letters.map { DeadLetterRecord($0) }, to: input.out)
                return .success
            }
            var table = TextTable([
                .init("EVENT", .right), .init("PLUGIN"), .init("SINCE (UTC)"),
                .init("TRIES", .right), .init("ERROR", cut: .end),
            ])
            for letter in letters {
                table.add(
                    Text("#\(letter.event)", .name), Text(letter.plugin),
                    Text(Format.dateAndTime(letter.time)), Text("\(letter.attempts)"),
                    Text(letter.error, .bad))
            }
            input.out.lines(table.lines(for: input.out.terminal))
            if letters.isEmpty { input.out.line("nothing is set aside") }
            return .success
        }
    }

    private var show: Command {
        let registry = inbox.registry
        return Command(
            "show", summary: "one of them, with the whole error and the event",
            examples: [.init("deadletter show 41", "record 41")],
            options: [DeadLetterCommand.plugin, Shared.json, Shared.workspace],
            arguments: [DeadLetterCommand.event]
        ) { input in
            let letter = try DeadLetterCommand.letter(input)
            let reader = try Reading.journal(try Shared.layout(input))
            let cursor = try reader.cursor(from: letter.event)
            let event = try cursor.nextEvent()
            let catalogue = Reading.catalogue(registry)
            if input[Shared.json] {
                var record = DeadLetterRecord(letter)
                record.event = event.map { EventRecord($0, catalogue) }
                try Reading.write(record, to: input.out)
                return .success
            }
            let out = input.out
            out.line("\("#\(letter.event)", .name) in \(letter.plugin, .name)")
            out.line(
                """
                set aside \(Format.dateAndTime(letter.time)) UTC after \
                \(Format.count(letter.attempts, "attempt"))
                """)
            out.lines(
                wrapped(letter.error, width: out.terminal.width - 2).map { "  " + Text($0, .bad) })
            if let event {
                out.line("the event:")
                EventLine.write(event, catalogue, to: out)
            }
            return .success
        }
    }

    private func resolve(
        _ name: String, _ outcome: DeadLetterResolved.Outcome, _ summary: String
    ) -> Command {
        let inbox = inbox
        return Command(
            name, summary: summary, examples: [.init("deadletter \(name) 41", "record 41")],
            options: [DeadLetterCommand.plugin] + InboxCommand.options,
            arguments: [DeadLetterCommand.event]
        ) { input in
            let letter = try DeadLetterCommand.letter(input)
            var command = InboxLetter(command: "deadletter", about: .plugin(letter.plugin))
            command.add("plugin", letter.plugin)
            command.add("sequence", Int(clamping: letter.event))
            command.add("outcome", outcome.rawValue)
            return try await inbox.send(command, input)
        }
    }

    private static func letters(
        _ input: Invocation, at moment: Moment = .end
    ) throws -> [DeliveryHistory.DeadLetter] {
        let reader = try Reading.journal(try Shared.layout(input))
        return try WorkspaceView(reader, projections: [], at: moment).deliveries.deadLetters
    }

    /// The one that the line names.
    private static func letter(_ input: Invocation) throws -> DeliveryHistory.DeadLetter {
        let number = UInt64(clamping: input[event])
        let all = try letters(input)
        let found = all.filter {
            $0.event == number && (input[plugin] ?? $0.plugin) == $0.plugin
        }
        guard let letter = found.first else {
            let list = all.prefix(8).map { "#\($0.event)" }.joined(separator: ", ")
            throw CommandFailure(
                .missing, "event #\(number) is not set aside",
                advice: Text(list.isEmpty ? "nothing is set aside" : "these are: \(list)"))
        }
        guard found.count == 1 else {
            let names = found.map(\.plugin).joined(separator: ", ")
            throw CommandFailure(
                .usage, "event #\(number) is set aside by several plugins",
                advice: "say which with --plugin: \(names)")
        }
        return letter
    }
}

/// The shape of `millrace deadletter list --json` (a list of these) and of `show --json`.
struct DeadLetterRecord: Codable, Sendable {
    var plugin: String
    /// The event that could not be handled.
    var sequence: UInt64
    var attempts: Int
    var error: String
    var time: Timestamp
    /// The event itself; only for `show`.
    var event: EventRecord?

    init(_ letter: DeliveryHistory.DeadLetter) {
        plugin = letter.plugin
        sequence = letter.event
        attempts = letter.attempts
        error = letter.error
        time = letter.time
    }
}
