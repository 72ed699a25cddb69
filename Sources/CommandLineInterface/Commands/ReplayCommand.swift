import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace replay`: state is a function of the journal, shown.
struct ReplayCommand {
    let registry: PluginRegistry

    /// The shape of `millrace replay --json`.
    struct Answer: Codable, Sendable {
        /// Whether both folds gave the same state.
        var same: Bool
        var records: UInt64
        var seconds: Double
        var recordsPerSecond: Double
        /// SHA-256 of the whole state.
        var state: Digest
        /// Of each projection's state, by name.
        var projections: [String: Digest]
        /// The projections whose states differ.
        var different: [String]
    }

    var command: Command {
        let registry = registry
        return Command(
            "replay", summary: "rebuild all state from the journal, and compare",
            discussion: """
                Folds every projection from the first record on, twice and apart from each other, \
                and compares the two states: they are the same as long as every projection depends \
                on nothing but its events. The digest of the state is the same on every machine \
                with the same journal and program. Exit code 1: they differ.
                """,
            group: "Trust",
            examples: [
                .init("replay", "rebuild and compare"),
                .init("replay --at 100", "the state after record 100"),
            ],
            options: [Shared.at, Shared.json, Shared.workspace]
        ) { input in
            let reader = try Reading.journal(try Shared.layout(input))
            let moment = Shared.moment(input, now: WallClock.now)
            let plugins = Reading.plugins(registry)
            let answer = try await BlockingThread.run {
                try ReplayCommand.replay(reader, plugins, moment)
            }
            if input[Shared.json] {
                try Reading.write(answer, to: input.out)
            } else {
                input.out.lines(page(answer))
            }
            return answer.same ? .success : .negative
        }
    }

    private static func replay(
        _ reader: JournalReader, _ plugins: [RegisteredPlugin], _ moment: Moment
    ) throws -> Answer {
        let types = plugins.flatMap(\.projections) + StatusAssembly.projections
        let start = monotonicNanoseconds()
        let view = try WorkspaceView(reader, projections: types, plugins: plugins, at: moment)
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        let first = StateDigest(view, types)
        // Up to the same record: more may have come since.
        let again = try WorkspaceView(
            reader, projections: types, plugins: plugins, at: .sequence(view.sequence))
        let second = StateDigest(again, types)
        let different = first.projections.keys.filter {
            first.projections[$0] != second.projections[$0]
        }
        return Answer(
            same: first.whole == second.whole, records: view.sequence, seconds: seconds,
            recordsPerSecond: seconds > 0 ? Double(view.sequence) / seconds : 0,
            state: first.whole, projections: first.projections, different: different.sorted())
    }

    private func page(_ answer: Answer) -> [Text] {
        let rate = Format.count(Int(min(answer.recordsPerSecond, 1e15)))
        var lines: [Text] = [
            """
            \(Format.count(Int(clamping: answer.records), "record")) in \
            \(Format.duration(seconds: answer.seconds)) (\(rate) a second)
            """,
            "state \(answer.state)",
        ]
        lines.append(
            answer.same
                ? "a second fold gave \("the same", .good)"
                : """
                a second fold gave \("another state", .bad) of \
                \(answer.different.joined(separator: ", "))
                """)
        return lines
    }
}
