/// There was no contract: this one was made from the first drop and is in force until a person puts
/// another into `contracts/`.
public struct ContractProposed: EventPayload {
    public static let type = "contract.proposed"

    public var dataset: String
    /// The contract's bytes in the vault.
    public var contract: Digest
    public var columns: Int
    public var rules: Int
    /// Where a person finds it.
    public var path: WorkspacePath
    /// The drop that it was made from.
    public var basedOn: WorkspacePath

    public var subject: Subject { .dataset(dataset) }

    public var summary: String {
        "\(count(columns, "column")), \(count(rules, "rule")) from \(basedOn); edit \(path)"
    }

    public init(
        dataset: String, contract: Digest, columns: Int, rules: Int, path: WorkspacePath,
        basedOn: WorkspacePath
    ) {
        self.dataset = dataset
        self.contract = contract
        self.columns = columns
        self.rules = rules
        self.path = path
        self.basedOn = basedOn
    }
}

/// A person's contract is in force for the drops that come.
public struct ContractAccepted: EventPayload {
    public static let type = "contract.accepted"

    public var dataset: String
    public var contract: Digest
    public var columns: Int
    public var rules: Int

    public var subject: Subject { .dataset(dataset) }

    public var summary: String {
        "\(contract.short): \(count(columns, "column")), \(count(rules, "rule"))"
    }

    public init(dataset: String, contract: Digest, columns: Int, rules: Int) {
        self.dataset = dataset
        self.contract = contract
        self.columns = columns
        self.rules = rules
    }
}

/// A file in `contracts/` has errors: the contract before it stays in force.
public struct ContractRefused: EventPayload {
    public static let type = "contract.refused"

    public var dataset: String
    public var path: WorkspacePath
    public var problems: [String]

    public var subject: Subject { .dataset(dataset) }

    public var summary: String {
        "\(path): \(problems.joined(separator: "; "))"
    }

    public init(dataset: String, path: WorkspacePath, problems: [String]) {
        self.dataset = dataset
        self.path = path
        self.problems = problems
    }
}

/// A drop meets its contract.
public struct DataAccepted: EventPayload {
    public static let type = "data.accepted"

    public var dataset: String
    public var file: DatasetFile
    public var contract: Digest
    /// Rules that were broken within their tolerance, in words.
    public var warnings: [String]
    /// Set when the file came as one of several: the last of them makes the version.
    public var set: DropSet?

    public var subject: Subject { .dataset(dataset) }

    public var summary: String {
        let note = warnings.isEmpty ? "" : ", with \(count(warnings.count, "warning"))"
        return "\(file.path), \(grouped(file.rows)) rows\(note)"
    }

    public init(
        dataset: String, file: DatasetFile, contract: Digest, warnings: [String],
        set: DropSet? = nil
    ) {
        self.dataset = dataset
        self.file = file
        self.contract = contract
        self.warnings = warnings
        self.set = set
    }
}

/// One rule that a drop broke.
public struct Violation: Codable, Hashable, Sendable {
    public var rule: String
    /// Empty for a rule about the whole file.
    public var column: String
    /// How many rows broke it.
    public var count: Int
    /// The first of them, counted from 1 below the header.
    public var rows: [Int]
    /// A value that broke it, escaped and shortened.
    public var example: String

    public init(rule: String, column: String, count: Int, rows: [Int], example: String) {
        self.rule = rule
        self.column = column
        self.count = count
        self.rows = rows
        self.example = example
    }
}

/// A drop breaks its contract: it lies in `quarantine/` with a report, and nothing else changes.
public struct DataRejected: EventPayload {
    public static let type = "data.rejected"

    public var dataset: String
    public var path: WorkspacePath
    public var sha256: Digest
    /// One sentence for a person, with the file's path.
    public var summary: String
    public var violations: [Violation]
    public var contract: Digest?
    /// The folder with the file and its report.
    public var quarantine: WorkspacePath

    public var subject: Subject { .dataset(dataset) }

    public init(
        dataset: String, path: WorkspacePath, sha256: Digest, summary: String,
        violations: [Violation], contract: Digest?, quarantine: WorkspacePath
    ) {
        self.dataset = dataset
        self.path = path
        self.sha256 = sha256
        self.summary = summary
        self.violations = violations
        self.contract = contract
        self.quarantine = quarantine
    }
}
