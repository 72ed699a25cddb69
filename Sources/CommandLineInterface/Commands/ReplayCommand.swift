import Console
import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace replay`: state is a function of the journal, shown.
struct ReplayCommand {
    let registry: PluginRegistry

    /// The shape of `millrace replay --json`.
    struct Answer: Codable, Sendable {
        /// Whether what is held, or a second fold, is the same state.
        var same: Bool
        var records: UInt64
        var seconds: Double
        var recordsPerSecond: Double
        /// SHA-256 of the whole state.
        var state: Digest
        /// Of each projection's state, by name.
        var projections: [String: Digest]
        /// The records at which the daemon's snapshots stand that were compared; empty when there
        /// was none, and a second fold was compared instead.
        var held: [UInt64]
        /// Where the states part; nil when they are the same.
        var parting: Parting?
    }

    /// The first stretch of records after which two states are no more the same.
    struct Parting: Codable, Sendable {
        /// Up to this record they were the same.
        var after: UInt64
        /// Behind this one they are not.
        var by: UInt64
        /// The projections that differ.
        var projections: [String]
        /// The first record whose effect what is held lacks or has otherwise; nil when no record
        /// between the two changes what differs.
        var event: PartingEvent?
    }

    /// A record, as one finds it again.
    struct PartingEvent: Codable, Sendable {
        var sequence: UInt64
        var time: Timestamp
        var type: String
        var subject: String
    }

    var command: Command {
        let registry = registry
        return Command(
            "replay", summary: "rebuild all state from the journal, and compare",
            discussion: """
                Folds every projection from the first record on, and compares the state with what \
                the daemon holds: with each of its snapshots. Without snapshots it folds twice. \
                The states are the same as long as every projection depends on nothing but its \
                events. The digest of the state is the same on every machine with the same journal \
                and program. Exit code 1: they differ; it names the record at which they part.
                """,
            group: "Trust",
            examples: [
                .init("replay", "rebuild and compare"),
                .init("replay --at 100", "the state after record 100"),
            ],
            options: [Shared.at, Shared.json, Shared.workspace]
        ) { input in
            let reader = try Reading.journal(try Shared.layout(input))
            let moment = try Shared.moment(input, now: WallClock.now)
            let plugins = Reading.plugins(registry, in: try Shared.layout(input))
            let answer = try await BlockingThread.run {
                try Replay(
                    reader: reader, plugins: plugins, moment: moment,
                    showsProgress: isatty(2) == 1
                ).answer()
            }
            if input[Shared.json] {
                try Reading.write(answer, to: input.out)
            } else {
                input.out.lines(page(answer))
            }
            return answer.same ? .success : .negative
        }
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
        let kept =
            answer.held.isEmpty
            ? Text("no snapshot of the daemon's to compare with; a second fold gave ")
            : Text(
                "what the daemon holds, in \(Format.count(answer.held.count, "snapshot")) up to "
                    + "record \(answer.held.last ?? 0), is ")
        guard let parting = answer.parting else {
            lines.append(kept + "\("the same", .good)")
            return lines
        }
        lines.append(
            kept + "\("another state", .bad) of \(parting.projections.joined(separator: ", "))")
        if let event = parting.event {
            lines.append(
                """
                they part at \("#\(event.sequence)", .name) \(Format.dateAndTime(event.time)) UTC  \
                \(event.type, .strong)  \(event.subject)
                """)
        } else if answer.held.isEmpty {
            lines.append("a third and a fourth fold were the same: it depends on chance")
        } else {
            lines.append(
                "no record after \(parting.after) up to \(parting.by) changes what differs: "
                    + "the snapshot itself was changed")
        }
        if !answer.held.isEmpty {
            lines.append("with .millrace/snapshots removed, everything is folded anew")
        }
        return lines
    }
}
