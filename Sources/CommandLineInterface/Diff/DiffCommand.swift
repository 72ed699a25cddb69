import Console
import Daemon
import Millrace
import Runtime
import Vault

/// `millrace diff`: what is different.
struct DiffCommand {
    let clock: @Sendable () -> Timestamp

    private static let first = Argument.required(
        "A", .text, help: "MODEL@VERSION, DATASET@VERSION, a time or a record's number")
    private static let second = Argument.required("B", .text, help: "another of the same kind")

    var command: Command {
        let clock = clock
        return Command(
            "diff", summary: "what is different between two versions, or two moments",
            discussion: """
                Two versions of a model: metrics, parameters, data, code and settings. Two versions \
                of a dataset: files, rows, and the columns whose values are spread otherwise, by the \
                tests that drift is measured with. Two moments: what was live, what data there was, \
                and the settings.
                """,
            group: "Ask",
            examples: [
                .init("diff delays@13 delays@14", "what made version 14 another one"),
                .init("diff flights@7 flights@10", "what came into a dataset"),
                .init("diff 2026-03-01 2026-04-01", "what a month changed"),
            ],
            options: [Shared.json, Shared.workspace],
            arguments: [DiffCommand.first, DiffCommand.second]
        ) { input in
            let layout = try Shared.layout(input)
            let assembly = DiffAssembly(
                reader: try Reading.journal(layout),
                store: try VaultFiles(layout))
            let report = try DiffCommand.report(
                input[DiffCommand.first], input[DiffCommand.second], assembly, clock())
            if input[Shared.json] {
                try Reading.write(report, to: input.out)
            } else {
                input.out.lines(DiffPage(report: report).lines(for: input.out.terminal))
            }
            return .success
        }
    }

    private static func report(
        _ a: String, _ b: String, _ assembly: DiffAssembly, _ now: Timestamp
    ) throws -> DiffReport {
        if let before = Version(a), let after = Version(b) {
            guard before.name == after.name else {
                throw CommandFailure(
                    .usage, "'\(a)' and '\(b)' are not versions of one thing")
            }
            return try assembly.isModel(before.name)
                ? try assembly.models(before.name, before.number, after.number)
                : try assembly.datasets(before.name, before.number, after.number)
        }
        guard let before = TypedMoment(a), let after = TypedMoment(b) else {
            throw CommandFailure(
                .usage, "'\(a)' and '\(b)' are not two of a kind",
                advice: "such as: delays@3 delays@4, flights@1 flights@2, 2026-03-01 2026-04-01")
        }
        func moment(_ typed: TypedMoment) throws -> Moment {
            try typed.moment(
                now: now, in: assembly.reader, advice: "'millrace events' lists the records")
        }
        return try assembly.moments(try moment(before), try moment(after))
    }

    /// `delays@3` or `delays@v3`.
    private struct Version {
        let name: String
        let number: Int

        init?(_ text: String) {
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2,
                let number = Int(parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1])
            else { return nil }
            name = String(parts[0])
            self.number = number
        }
    }
}

/// What is different, for people.
struct DiffPage {
    let report: DiffReport

    func lines(for terminal: Terminal) -> [Text] {
        let arrow = terminal.usesUnicode ? "→" : "->"
        var lines: [Text] = ["\(report.before, .strong) \(arrow) \(report.after, .strong)"]
        if report.isEmpty {
            lines.append("nothing is different")
            return lines
        }
        for section in report.sections {
            guard !section.changes.isEmpty else {
                lines += [Text(), "\(section.name, .strong)  \("the same", .faint)"]
                continue
            }
            lines += [Text(), Text(section.name, .strong)]
            let column = min(28, section.changes.map { displayWidth($0.what) }.max() ?? 0)
            for change in section.changes {
                lines += text(of: change, column: column, arrow, terminal)
            }
        }
        return lines
    }

    private func text(
        of change: DiffReport.Change, column: Int, _ arrow: String, _ terminal: Terminal
    ) -> [Text] {
        var words: [String] = []
        switch (change.before, change.after) {
        case (nil, nil): break
        case (let before, let after):
            words.append("\(before ?? "-") \(arrow) \(after ?? "-")")
        }
        if let note = change.note { words.append(words.isEmpty ? note : "(\(note))") }
        let start = column + 4
        let head = "  " + Text(change.what).padded(to: column + 2)
        if displayWidth(change.what) > column {
            let name = "  " + Text(change.what)
            return [name.fitted(to: terminal, .middle)]
                + wrapped(words.joined(separator: "  "), width: max(20, terminal.width - start))
                .map { .spaces(start) + Text($0) }
        }
        return wrapped(words.joined(separator: "  "), width: max(20, terminal.width - start))
            .enumerated().map { index, piece in
                (index == 0 ? head : .spaces(start)) + Text(piece)
            }
    }
}
