import Console
import Millrace

/// A version and what came out when it was made again, for people.
struct ReproducePage {
    let answer: ReproduceCommand.Answer

    func lines(for terminal: Terminal) -> [Text] {
        let name = "\(answer.model) v\(answer.version)"
        let verdict: Text =
            answer.same ? "\("the same bytes", .good)" : "\("other bytes", .bad)"
        var lines: [Text] = ["\(name, .strong), made again from its record: \(verdict)"]
        let inputs = answer.inputs
        let files = Format.count(inputs.files.count, "file")
        lines += [
            "  run     \(answer.run), recorded \(Format.dateAndTime(answer.time))",
            "  data    \(inputs.dataset) v\(inputs.datasetVersion), \(files)",
            "  by      \(trainer(inputs)), seed \(String(inputs.seed))",
            Text(),
        ]
        lines += table.lines(for: terminal)
        if !answer.same { lines += [Text(), Text(reason)] }
        return lines
    }

    private func trainer(_ inputs: RunInputs) -> String {
        guard inputs.algorithm == "command", let program = inputs.command.first else {
            return inputs.algorithm
        }
        let code = Format.count(inputs.code.count, "file")
        return "\(program), with \(code) of code"
    }

    private var table: TextTable {
        let (was, now) = (answer.recorded, answer.made)
        var table = TextTable(
            [
                .init(""), .init("RECORDED", cut: .end), .init("MADE AGAIN", cut: .end),
                .init(""),
            ], indent: 2)
        func add(_ what: String, _ before: String, _ after: String) {
            let mark: Text = before == after ? Text("same", .faint) : "\("differs", .bad)"
            table.add(Text(what), Text(before), Text(after), mark)
        }
        add(was.file, was.artifact.short, now.artifact.short)
        for name in Set(was.metrics.keys).union(now.metrics.keys).sorted() {
            let (before, after) = (was.metrics[name], now.metrics[name])
            // Two figures that differ shall not look the same.
            let words = { (value: Double?) in
                value.map { before == after ? Format.fixed($0, 4) : "\($0)" } ?? "-"
            }
            add(name, words(before), words(after))
        }
        add("program", was.program ?? "-", now.program ?? "-")
        table.add(
            Text("training"), Text(seconds(was.seconds)), Text(seconds(now.seconds)), Text())
        return table
    }

    private func seconds(_ value: Double?) -> String {
        value.map { "\(Format.fixed($0, 2)) s" } ?? "-"
    }

    private var reason: String {
        if answer.recorded.program != answer.made.program {
            return "the record was made by another program: run that one to compare"
        }
        if answer.inputs.algorithm == "command" {
            return "the training program leaves something to chance, or reads what the record does "
                + "not have: another interpreter, packages, the clock"
        }
        return
            "the same program gives the same bytes from the same inputs: this is a fault, or the "
            + "machine is of another kind"
    }
}
