import Millrace

/// A version's own description, for the people who decide about it: Markdown, from the run's record.
struct ModelCard {
    let version: ModelVersionCreated
    /// The files that it was made from.
    let data: [DatasetFile]
    let run: RunStarted
    let result: TrainJob.Output
    let time: Timestamp

    /// Beyond this a table is no help to a person.
    private static let fileLimit = 1000

    var text: String {
        let inputs = version.inputs
        var lines = [
            "# \(plain(version.model)) v\(version.version)", "",
            "Predicts \(question), from \(features).", "",
            "| | |", "|---|---|",
            row("Made", "run \(version.run), \(time)"),
            row("Because", run.reasons.joined(separator: ", ")),
            row("Algorithm", inputs.algorithm),
            row("Learned from", "\(result.rows) rows"),
            row("Measured on", "\(result.heldOut) rows that it had not seen"),
            row("Model", "\(version.file), SHA-256 \(version.artifact.hex)"),
            "", "## Measured", "",
        ]
        if version.metrics.isEmpty {
            lines.append("Nothing was measured: no rows were held out.")
        } else {
            lines += ["| metric | value |", "|---|---|"]
            lines += version.metrics.keys.sorted().map { name in
                row(name, version.metrics[name].map { "\($0)" } ?? "")
            }
        }
        if version.file != "model.json", !version.metrics.isEmpty {
            lines += ["", "These figures are those that the pipeline's own program reported."]
        }
        lines += ["", "## Parameters", "", "| parameter | value |", "|---|---|"]
        lines += (inputs.parameters.members ?? []).map {
            row($0.key, String(decoding: $0.value.bytes, as: UTF8.self))
        }
        lines += [
            row("seed", "\(inputs.seed)"), row("share held out", "\(inputs.holdout)"), "",
            "## Data", "",
            "Version \(inputs.datasetVersion) of \(plain(inputs.dataset)), "
                + "SHA-256 \(inputs.datasetDigest.hex).", "",
            "| file | rows | SHA-256 |", "|---|---|---|",
        ]
        lines += data.prefix(ModelCard.fileLimit).map {
            row($0.path.description, "\($0.rows)", $0.sha256.hex)
        }
        if data.count > ModelCard.fileLimit {
            lines += ["", "And \(data.count - ModelCard.fileLimit) more: see manifest.json."]
        }
        if !inputs.code.isEmpty {
            lines += ["", "## Code", "", "| file | SHA-256 |", "|---|---|"]
            lines += inputs.code.keys.sorted().map { row($0, inputs.code[$0]?.hex ?? "") }
        }
        lines += ["", "## Environment", "", "| | |", "|---|---|"]
        lines += inputs.environment.keys.sorted().map { row($0, inputs.environment[$0] ?? "") }
        return lines.joined(separator: "\n") + "\n"
    }

    private var question: String {
        let target = version.inputs.target
        if let bound = target.above { return "whether \(plain(target.column)) is above \(bound)" }
        if let value = target.equals {
            return "whether \(plain(target.column)) is \(plain(value))"
        }
        return plain(target.column)
    }

    private var features: String {
        let names = version.inputs.features
        return names.isEmpty
            ? "all other columns" : names.map { plain($0) }.joined(separator: ", ")
    }

    private func row(_ cells: String...) -> String {
        "| " + cells.map { plain($0) }.joined(separator: " | ") + " |"
    }

    /// Names come from files: none may break out of its line or cell, or become a link or a tag.
    private func plain(_ text: String) -> String {
        var out = ""
        for character in text.unicodeScalars.prefix(500) {
            switch character {
            case "|", "<", ">", "[", "]", "`", "*", "\\", "&":
                out.unicodeScalars.append("\\")
                out.unicodeScalars.append(character)
            case _ where character.value < 0x20 || character.value == 0x7F: out += " "
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
