import Millrace
import Tabular

/// Why a drop is not taken: what the report, the quarantine and the event say.
struct Rejection {
    /// One sentence for a person.
    let summary: String
    let violations: [Tabular.Violation]
    /// Nil when the drop was not held against a contract.
    let report: ValidationReport?
    let contract: Digest?

    init(_ report: ValidationReport, contract: Digest?) {
        let exceeded = report.violations.filter { $0.severity == .error && $0.isExceeded }
        // A file that is cut off or has other columns explains what else is wrong with it.
        violations =
            exceeded.filter { Rejection.wholeFile.contains($0.rule) }
            + exceeded.filter { !Rejection.wholeFile.contains($0.rule) }
        let others = violations.count - 1
        let more =
            others > 0 ? ", and \(others.grouped) more \(others == 1 ? "rule" : "rules")" : ""
        summary = (violations.first.map(Rejection.words) ?? "the drop cannot be used") + more
        self.report = report
        dropRule = nil
        self.contract = contract
    }

    private static let wholeFile: Set<Rule> = [.readable, .truncatedRow, .header, .columnMissing]

    /// For what is wrong with the drop as a whole, before any rule of a contract.
    init(rule: DropRule, _ sentence: String, contract: Digest? = nil) {
        summary = sentence
        violations = []
        report = nil
        self.contract = contract
        dropRule = rule
    }

    /// Set when the drop was rejected as a whole.
    let dropRule: DropRule?

    /// The first offending rows are what one looks for first, so they are in the sentence.
    private static func words(_ violation: Tabular.Violation) -> String {
        let lines = violation.occurrences.prefix(3).map(\.line)
        guard violation.occurrences.contains(where: { $0.row > 0 }) else {
            return violation.message
        }
        let rows = violation.count == 1 ? "1 row" : "\(violation.count.grouped) rows"
        let places = lines.map(\.grouped).joined(separator: ", ")
        let more = violation.count > lines.count ? " …" : ""
        let noun = lines.count == 1 && more.isEmpty ? "line" : "lines"
        return "\(violation.message) (\(rows): \(noun) \(places)\(more))"
    }

    private static let eventViolations = 50
    private static let eventRows = 20

    /// The violations as the event has them: the gravest fifty.
    var payload: [Millrace.Violation] {
        if let dropRule {
            return [
                Millrace.Violation(
                    rule: dropRule.rawValue, column: "", count: 1, rows: [], example: "")
            ]
        }
        return violations.prefix(Rejection.eventViolations).map { violation in
            Millrace.Violation(
                rule: violation.ruleName ?? violation.rule.rawValue, column: violation.column ?? "",
                count: violation.count,
                rows: violation.occurrences.prefix(Rejection.eventRows).map(\.row).filter {
                    $0 > 0
                },
                example: violation.occurrences.first?.value ?? "")
        }
    }
}

/// Rules of ours, about the drop and not about what is in it.
enum DropRule: String {
    /// The name is no table's.
    case fileType
    /// There are no rows, so nothing can be learned from it and no contract made.
    case noRows
    /// The dataset has these bytes already.
    case duplicate
}
