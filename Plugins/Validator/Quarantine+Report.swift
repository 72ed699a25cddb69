import Millrace
import Tabular

extension Quarantine {
    /// The report for programs: the same facts as the page.
    var json: JSONValue {
        .object([
            .init("dataset", .string(arrived.area.name)),
            .init("path", .string(arrived.path.description)),
            .init("size", .integer(Int64(arrived.size))),
            .init("sha256", .string(arrived.sha256.hex)),
            .init("uid", .integer(Int64(arrived.uid))),
            .init("event", .string(event.id.description)),
            .init("summary", .string(rejection.summary)),
            .init("contract", rejection.contract.map { .string($0.hex) } ?? .null),
            .init("rule", rejection.dropRule.map { .string($0.rawValue) } ?? .null),
            .init("report", rejection.report?.json ?? .null),
        ])
    }

    /// The report for people.
    var page: [UInt8] {
        let name = arrived.path.name
        let facts: [(String, HTML)] = [
            ("File", "<code>\(arrived.path)</code>, \(arrived.size.grouped) bytes"),
            ("SHA-256", "<code>\(arrived.sha256)</code>"),
            ("Dropped by", "uid \(arrived.uid)"),
            ("Arrived", "\(event.time)"),
            ("Rows", rows),
            ("Contract", contract),
        ]
        var body: HTML = """
            <h1>\(name) was not taken into \(arrived.area.name)</h1>
            <p class="bad">\(rejection.summary)</p>
            <p>Nothing else has changed: the dataset keeps the files it had, and what is in production
            stays there. Correct the file and drop it again under the same name. The file as it was
            dropped lies beside this report.</p>
            <table>\(facts.map { "<tr><th>\($0.0)</th><td>\($0.1)</td></tr>\n" as HTML })</table>

            """
        for violation in rejection.violations { body += section(violation) }
        return HTML.page(title: "\(name) was rejected", body)
    }

    private var rows: HTML {
        guard let report = rejection.report, !report.format.isEmpty else { return "not read" }
        return """
            \(report.rowCount.grouped) read as \(report.format), \
            \(report.rejectedRowCount.grouped) of them break a rule
            """
    }

    private var contract: HTML {
        guard let contract = rejection.contract else { return "none was needed to tell" }
        return "<code>\(contract.short)</code>"
    }

    private func section(_ violation: Tabular.Violation) -> HTML {
        let places = violation.occurrences.map { place -> HTML in
            """
            <tr><td class="number">\(place.row > 0 ? place.row.grouped : "")</td>\
            <td class="number">\(place.line.grouped)</td>\
            <td class="number">\(place.byteOffset.grouped)</td>\
            <td class="value">\(place.value)</td></tr>

            """
        }
        let title: HTML =
            violation.column.map { "<code>\($0)</code>: " } ?? ""
        let left = violation.count - violation.occurrences.count
        var section: HTML = """
            <h2>\(title)\(violation.ruleName ?? violation.rule.rawValue)</h2>
            <p>\(violation.message). \(violation.count.grouped) \
            \(violation.count == 1 ? "case" : "cases")\(tolerance(violation)).</p>

            """
        if !places.isEmpty {
            section += """
                <div class="wide"><table>
                <tr><th class="number">Row</th><th class="number">Line</th>\
                <th class="number">Byte</th><th>Value</th></tr>
                \(places)</table></div>

                """
            if left > 0 { section += "<p class=\"quiet\">… and \(left.grouped) more.</p>\n" }
        }
        return section
    }

    private func tolerance(_ violation: Tabular.Violation) -> String {
        guard violation.tolerance > 0 else { return "" }
        return "; \((violation.tolerance * 10_000).rounded() / 100) % of the rows are tolerated"
    }
}
