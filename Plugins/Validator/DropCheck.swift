import Millrace
import Tabular

/// Reads a drop from the vault and holds it against a contract.
struct DropCheck {
    let digest: Digest
    let format: TabularFormat
    /// Texts that stand for a missing value, where the contract does not say.
    let nulls: [String]
    /// Rows to name for each broken rule.
    let rowsPerRule: Int
    let files: any FileStore

    /// - Parameter contract: nil to look at the form alone.
    func check(against contract: Contract?) throws -> Validation {
        let first = try read(as: format, contract)
        guard first.report.hasNoGoodRow else { return first }
        // Nothing in it could be read as what its name says: perhaps it is the other kind of table.
        let other = try read(as: format == .jsonLines ? .csv() : .jsonLines, contract)
        return other.report.hasNoGoodRow ? first : other
    }

    private func read(as format: TabularFormat, _ contract: Contract?) throws -> Validation {
        var limits = ReadLimits()
        limits.occurrences = rowsPerRule
        let options = ValidationOptions(
            read: ReadOptions(format: format, nullTokens: nulls, limits: limits))
        do {
            return try files.withDescriptor(of: digest) { descriptor in
                try validate(.descriptor(descriptor), contract: contract, options: options)
            }
        } catch let error as TabularError where error.code == .contract {
            throw ReactionError(
                "the contract in force cannot be applied: \(error); correct it in contracts/",
                retryable: false)
        }
    }
}

extension ValidationReport {
    /// Not one row came out whole.
    var hasNoGoodRow: Bool { !isAccepted && rejectedRowCount >= rowCount }
}
