import Console
import Millrace
import Tabular

/// What is different in the data: files, rows, columns and how their values are spread.
struct DatasetDifference {
    let before: DatasetManifest
    let after: DatasetManifest
    let store: any FileStore

    private static let namesShown = 5

    /// Files and rows.
    func changes() -> [DiffReport.Change] {
        var changes: [DiffReport.Change] = []
        let rows = (sum(before), sum(after))
        if rows.0 != rows.1 {
            let sign = rows.1 > rows.0 ? "+" : ""
            changes.append(
                .init(
                    "rows", Format.count(rows.0), Format.count(rows.1),
                    note: sign + Format.count(rows.1 - rows.0)))
        }
        let different = after.changes(since: before)
        func add(_ what: String, _ list: [DatasetChange]) {
            guard !list.isEmpty else { return }
            let names = list.prefix(DatasetDifference.namesShown).map { "\($0.path)" }
            let more = list.count - names.count
            changes.append(
                .init(
                    what, nil, nil,
                    note: "\(list.count): " + names.joined(separator: ", ")
                        + (more > 0 ? " and \(more) more" : "")))
        }
        add("files added", different.filter { $0.before == nil })
        add("files changed", different.filter { $0.before != nil && $0.after != nil })
        add("files gone", different.filter { $0.after == nil })
        return changes
    }

    private func sum(_ manifest: DatasetManifest) -> Int {
        manifest.files.values.reduce(0) { $0.addingReportingOverflow($1.rows).partialValue }
    }

    /// Columns whose values are spread otherwise, by the tests that drift is measured with. - Throws:
    /// when a profile is not in the vault any more.
    func columns() throws -> [DiffReport.Change] {
        let report = drift(from: try profile(before), to: try profile(after))
        return report.columns.filter(\.isDrifted).map {
            .init($0.name, text($0.reference), text($0.current), note: note($0))
        }
    }

    /// What happened to a column, without its name and without the means, which stand before it.
    private func note(_ drift: Tabular.ColumnDrift) -> String {
        let name = "\(drift.name): "
        var words = drift.message[...]
        if words.hasPrefix(name) { words = words.dropFirst(name.count) }
        if drift.reference?.mean != nil, drift.current?.mean != nil,
            let means = words.firstRange(of: ", mean ")
        {
            words = words[..<means.lowerBound]
        }
        return String(words)
    }

    private func text(_ summary: ColumnSummary?) -> String? {
        guard let summary else { return nil }
        if let mean = summary.mean { return "mean \(Format.fixed(mean, 2))" }
        return summary.categories.prefix(2).map { "\($0.name) \(Format.percent($0.share, 0))" }
            .joined(separator: ", ")
    }

    private func profile(_ manifest: DatasetManifest) throws -> Profile {
        var all: Profile?
        for file in manifest.sorted {
            let limit = 512 << 20
            let json = try JSONValue(
                parsing: try store.bytes(of: file.profile, limit: limit),
                limits: JSONLimits(byteCount: limit, depth: 16))
            let profile = try Profile(json: json)
            all = all?.merging(profile) ?? profile
        }
        return all ?? Profile(rowCount: 0, columns: [])
    }
}
