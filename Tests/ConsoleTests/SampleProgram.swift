@testable import Console

/// A small program with one of everything, for the tests of this module.
enum Sample {
    static let workspace = Option.value(
        "workspace", short: "w", .directory, default: Array(".".utf8), help: "the workspace"
    ).grouped("Workspace")
    static let json = Option.flag("json", short: "j", help: "print JSON")
    static let follow = Option.flag("follow", short: "f", help: "wait for more")
    static let limit = Option.value(
        "limit", short: "n", .integer(1...1000), default: 20, help: "how many")
    static let offset = Option.value("offset", .integer(), help: "where to begin")
    static let type = Option.repeated("type", short: "t", .text, help: "only events of this type")
    static let color = Option.optionalValue(
        "color", .choice(["always", "never"]), implied: "always", help: "when to colour")
    static let stage = Option.value(
        "stage", .choice(["staging", "production"]), default: "production", help: "the stage")
    static let within = Option.value("within", .duration, help: "how long to wait")
    static let model = Argument.required("MODEL", .text, help: "the model to explain")
    static let depth = Argument.optional("DEPTH", .number(-10...10), default: 1, help: "how deep")
    static let files = Argument.rest("FILE", .file, help: "the files to check")

    /// Prints what it got, so that tests can read it back.
    static let events = Command(
        "events", summary: "list what happened", group: "Look",
        examples: [.init("events --follow", "watch")],
        options: [follow, limit, offset, type, color, within, json, workspace]
    ) { input in
        input.out.line("follow \(input[follow])")
        input.out.line("limit \(input[limit])")
        input.out.line("offset \(input[offset].map(String.init) ?? "none")")
        input.out.line("type \(input[type].joined(separator: "+"))")
        input.out.line("color \(input[color] ?? "none")")
        input.out.line("within \(input[within].map { Format.fixed($0, 3) } ?? "none")")
        input.out.line("json \(input[json])")
        input.out.line("workspace \(Text(bytes: input[workspace]))")
        return .success
    }

    static let why = Command(
        "why", summary: "explain why a model is where it is", group: "Look",
        options: [stage, workspace], arguments: [model, depth]
    ) { input in
        input.out.line("\(input[model]) \(input[depth]) \(input[stage])")
        return .negative
    }

    static let check = Command(
        "check", summary: "check files", group: "Work", arguments: [files]
    ) { input in
        for file in input[files] { input.out.line(Text(bytes: file)) }
        return .success
    }

    static let fail = Command("fail", summary: "fail", group: "Work", isListed: false) { _ in
        throw CommandFailure(.damage, "record 7 is damaged", advice: "Type: mill verify")
    }

    static let plugins = Command(
        "plugin", summary: "work with plugins", group: "Work",
        subcommands: [
            Command("list", summary: "list the plugins", options: [json]) { input in
                input.out.line("list \(input[json])")
                return .success
            },
            Command("new", summary: "write a plugin") { _ in .success },
        ])

    static let program = Program(
        Command(
            "mill", summary: "turns data into models",
            subcommands: [events, why, check, fail, plugins]),
        version: "1.2.3")

    struct Result: Equatable {
        var code: ExitCode
        var out: String
        var err: String
    }

    static func run(_ words: RawArgument..., width: Int = 80) async -> Result {
        await run(words, width: width)
    }

    static func run(_ words: [RawArgument], width: Int = 80) async -> Result {
        let terminal = Terminal(width: width)
        let streams = Streams(
            out: OutputWriter(capturing: terminal), err: OutputWriter(capturing: terminal))
        let code = await program.run(words, streams)
        return Result(code: code, out: streams.out.captured, err: streams.err.captured)
    }
}
