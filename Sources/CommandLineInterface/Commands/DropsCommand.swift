import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace drops`: every version of every input file.
struct DropsCommand {
    let clock: @Sendable () -> Timestamp

    private static let tsv = Option.flag(
        "tsv", help: "path, a tab, SHA-256; for programs that compare")

    /// The shape of one entry of `millrace drops --json`.
    struct Drop: Codable, Sendable {
        var sequence: UInt64
        var time: Timestamp
        /// `added`, `changed`, `moved`, `touched` or `removed`.
        var kind: String
        var path: WorkspacePath
        var previousPath: WorkspacePath?
        /// Of a removed file: its last version's.
        var sha256: Digest
        var size: Int?
        var uid: UInt32?

        var isVersion: Bool {
            kind != "removed" && kind != FileArrived.Change.touched.rawValue
        }
    }

    var command: Command {
        let clock = clock
        return Command(
            "drops", summary: "every journaled version of every input file",
            discussion: """
                Reads the journal, needs no daemon, and writes nothing. In paths, bytes outside \
                printable ASCII, spaces and '%' are written as %XX. --tsv leaves out removals and \
                what was only touched, which are no versions. Exit code 1: the records do not verify; what is whole is printed \
                all the same.
                """,
            group: "Look",
            examples: [
                .init("drops", "what came, changed, moved and went"),
                .init("drops --tsv | sort -u", "to compare with another list"),
                .init("drops --at 2026-03-03", "up to that day"),
            ],
            options: [DropsCommand.tsv, Shared.at, Shared.json, Shared.workspace]
        ) { input in
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            let moment = try Shared.moment(input, now: clock())
            let report = try await BlockingThread.run {
                try JournalVerifier.verify(layout.journal)
            }
            if input[Shared.json] { input.out.write("[") }
            var count = 0
            try DropsCommand.forEach(in: reader, upTo: moment) { drop in
                if input[Shared.json] {
                    let text = try JSONValue(encoding: drop).bytes
                    input.out.write(count == 0 ? "\n" : ",\n")
                    input.out.write(text)
                } else if !input[DropsCommand.tsv] {
                    input.out.line(DropsCommand.line(drop).fitted(to: input.out.terminal))
                } else if drop.isVersion {
                    input.out.write("\(drop.path)\t\(drop.sha256)\n")
                }
                count += 1
            }
            if input[Shared.json] { input.out.write("\n]\n") }
            guard report.isOK else {
                let flaw =
                    report.damages.first?.description
                    ?? "nothing shows that none were cut from the end"
                input.out.flush()
                throw CommandFailure(
                    .negative,
                    "the records do not verify: \(flaw)",
                    advice: "'millrace verify' says what is provable")
            }
            return .success
        }
    }

    /// In the order of the journal; damaged records are passed over.
    private static func forEach(
        in reader: JournalReader, upTo moment: Moment, _ body: (Drop) throws -> Void
    ) throws {
        let cursor = try reader.cursor(damage: .skip({ _ in }))
        while let record = try cursor.next(),
            moment.includes(sequence: record.sequence, time: record.time)
        {
            if record.isType("file.arrived") {
                let event = try cursor.event(of: record)
                let file = try event.decode(FileArrived.self)
                try body(
                    Drop(
                        sequence: event.sequence, time: event.time, kind: file.change.rawValue,
                        path: file.path, previousPath: file.previousPath, sha256: file.sha256,
                        size: file.size, uid: file.uid))
            } else if record.isType("file.removed") {
                let event = try cursor.event(of: record)
                let file = try event.decode(FileRemoved.self)
                try body(
                    Drop(
                        sequence: event.sequence, time: event.time, kind: "removed",
                        path: file.path, sha256: file.sha256))
            }
        }
    }

    private static func line(_ drop: Drop) -> Text {
        let style: Style = drop.kind == "removed" ? .warning : .good
        let number = Text("\(drop.sequence)", .faint).padded(to: 6, .right)
        let kind = Text(drop.kind, style).padded(to: 7)
        let digest = drop.sha256.short.prefix(8)
        let origin = drop.previousPath.map { "  (from \($0))" } ?? ""
        return """
            \(number) \(Format.dateAndTime(drop.time))  \(kind)  \(digest)  \
            \(drop.path)\(origin)
            """
    }
}
