import Millrace

/// Counts the rows that were ever accepted, dataset by dataset.
struct LedgerPlugin: Plugin {
    static let name: PluginName = "ledger"
    static let summary = "Counts accepted rows."
    static let projections: [any Projection.Type] = [AcceptedRows.self]

    init(settings: NoSettings) {}

    var reactions: some Reactions {
        On(DataAccepted.self) { accepted, context in
            let before = try context.state(AcceptedRows.self).rows[accepted.dataset] ?? 0
            return [RowsCounted(dataset: accepted.dataset, rows: before)]
        }
    }
}

/// All rows that were accepted up to the event that is being handled.
struct AcceptedRows: Projection, Codable {
    static let types: [any EventPayload.Type] = [DataAccepted.self]
    var rows: [String: Int] = [:]

    mutating func apply(_ event: Event) {
        guard let accepted = event.payload(as: DataAccepted.self) else { return }
        rows[accepted.dataset, default: 0] += accepted.file.rows
    }
}

struct RowsCounted: EventPayload {
    static let type = "rows.counted"
    var dataset: String
    var rows: Int
    var subject: Subject { .dataset(dataset) }
    var summary: String { "\(rows) rows were accepted so far" }
}
