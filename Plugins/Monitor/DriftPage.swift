import Millrace
import Tabular

/// One measurement for people: what moved, how far, and how that looks.
struct DriftPage {
    let measuring: DriftMeasuring
    let event: Event
    /// Columns that get a plot.
    let plots: Int

    /// Follows from the event that was looked at: done again, it writes the same file.
    func write(_ outputs: any OutputFolders) throws {
        let path = "reports/drift/\(measuring.pipeline)/\(event.sequence).html"
        guard let path = WorkspacePath(bytes: Array(path.utf8)) else {
            throw ReactionError("\(path) is no path for a report", retryable: false)
        }
        try outputs.write(bytes, to: path)
    }

    var bytes: [UInt8] {
        let columns = measuring.columns
        let title = "Drift of \(measuring.settings.dataset), as model \(measuring.pipeline) sees it"
        let body: HTML = """
            <h1>\(title)</h1>
            \(verdict)
            \(windows)
            <h2>Columns</h2>
            <div class="wide"><table>
            <tr><th>Column</th><th>Verdict</th><th>Measured by</th><th class="number">Effect</th>\
            <th class="number">p, corrected</th><th class="number">PSI</th>\
            <th>What changed</th></tr>
            \(columns.map(row))</table></div>
            <p class="quiet">A column has drifted when both hold: the change is larger than \
            \(percent(measuring.settings.drift.effect)) of the rows, and chance would show such a
            change in any column at all in at most \
            \(percent(measuring.settings.drift.significance)) of the measurements in which nothing
            has changed. The population stability index (PSI) takes no part in that.</p>
            \(columns.prefix(plots).map(plot))
            """
        return HTML.page(title: title, body)
    }

    private var verdict: HTML {
        let report = measuring.report
        let kind = report.isDrifted ? "bad" : "good"
        return "<p class=\"\(kind)\">\(report.summary)</p>"
    }

    private var windows: HTML {
        let windows = measuring.windows
        let files = windows.current.map { "<code>\($0.path)</code><br>" as HTML }
        return """
            <table>
            <tr><th>Reference</th><td>dataset version \(windows.model.inputs.datasetVersion), which
            version \(windows.model.version) in production was trained on: \
            \(measuring.reference.rowCount.grouped) rows</td></tr>
            <tr><th>Current</th><td>\(measuring.current.rowCount.grouped) rows<br>\(files)</td></tr>
            <tr><th>Measured</th><td>\(event.time)</td></tr>
            </table>
            """
    }

    private func row(_ column: Tabular.ColumnDrift) -> HTML {
        let leading = column.leading
        let psi = column.populationStabilityIndex.map(short) ?? ""
        let verdict: HTML =
            column.isDrifted
            ? "<strong class=\"bad\">drifted</strong>" : "<span class=\"quiet\">no drift</span>"
        return """
            <tr><td><code>\(column.name)</code></td><td>\(verdict)</td>\
            <td>\(leading?.statistic.words ?? "")</td>\
            <td class="number">\(leading.map { percent($0.effect) } ?? "")</td>\
            <td class="number">\(leading.map { probability($0.correctedP) } ?? "")</td>\
            <td class="number">\(psi)</td><td>\(column.message)</td></tr>

            """
    }

    private func plot(_ column: Tabular.ColumnDrift) -> HTML {
        let bars = BarPlot(
            measuring.reference.column(column.name), measuring.current.column(column.name))
        let drawing: HTML =
            bars?.svg ?? "<p class=\"quiet\">Too many different texts to draw.</p>"
        return """
            <h2><code>\(column.name)</code></h2>
            <p class="quiet">left (grey): reference, \(missing(column.reference)); \
            right (blue): current, \(missing(column.current))</p>
            \(drawing)
            """
    }

    private func missing(_ summary: ColumnSummary?) -> String {
        guard let summary else { return "no such column" }
        return "\(percent(summary.nullFraction)) missing"
    }

    private func probability(_ p: Double) -> String { p < 1e-4 ? "< 0.0001" : short(p) }
}
