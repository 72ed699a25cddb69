import Console
import Daemon
import Journal
import Millrace
import Runtime
import Vault

/// `millrace why`: the chain of causes behind a fact.
struct WhyCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let forward = Option.flag(
        "forward", help: "the other way: what came of it")
    private static let dot = Option.flag(
        "dot", help: "print a graph for Graphviz: '| dot -Tsvg > why.svg'")
    private static let fact = Argument.required(
        "FACT",
        ValueType<RawArgument>(
            placeholder: "FACT", expectation: "a model, a dataset, a record or a path",
            parse: { $0.bytes.isEmpty ? nil : $0 }),
        help:
            "MODEL or DATASET, also with @VERSION, a record's number or the beginning of its id, or a "
            + "path")

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "why", summary: "the chain of causes behind a model, an event or a file",
            discussion: """
                Shows the fact, and below it its causes back to the files and people it came from. \
                Each line says what happened; below it are the record's number, time (UTC), actor, \
                and the beginning of the SHA-256 that it is about. What a cause rests on beside its \
                own cause (files, gates, approval, settings) is indented below it.
                For a model the fact is the deployment that made it live in production; for a \
                version, how far it got; for a file, what became of it.
                """,
            group: "Look",
            examples: [
                .init("why delays", "why this model is in production"),
                .init("why delays@3", "what became of version 3, and why"),
                .init("why data/flights/flights-2013-01.csv", "what became of a drop"),
                .init("why 41 --forward", "what came of record 41"),
                .init("why delays --at '2026-03-03 14:00'", "what was live then, and why"),
            ],
            options: [
                WhyCommand.forward, WhyCommand.dot, Shared.at, Shared.json, Shared.workspace,
            ],
            arguments: [WhyCommand.fact]
        ) { input in
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            let moment = try Shared.moment(input, now: clock())
            let target = try WhyTarget(
                input[WhyCommand.fact], root: layout.root, reader, at: moment)
            let sequence = try target.sequence(forward: input[WhyCommand.forward])
            var tracer = CauseTracer(
                target.search, files: try VaultFiles(layout))
            guard let event = try target.search.event(sequence) else {
                throw CommandFailure(
                    .missing, "there is no record \(sequence); the last is \(target.search.last)",
                    advice: "'millrace events' lists them")
            }
            let catalogue = Reading.catalogue(registry)
            let page = WhyPage(catalogue: catalogue)
            if input[WhyCommand.forward] {
                let node = try tracer.consequences(of: event)
                if input[WhyCommand.dot] {
                    input.out.write(DotGraph(node, catalogue).text)
                } else if input[Shared.json] {
                    try Reading.write(Consequences(node, catalogue), to: input.out)
                } else {
                    input.out.lines(page.lines(of: node, for: input.out.terminal))
                }
                return .success
            }
            let node = try tracer.causes(of: event)
            if input[WhyCommand.dot] {
                input.out.write(DotGraph(node, catalogue).text)
            } else if input[Shared.json] {
                try Reading.write(WhyAnswer(node, catalogue), to: input.out)
            } else {
                input.out.lines(page.lines(of: node, for: input.out.terminal))
            }
            return .success
        }
    }
}
