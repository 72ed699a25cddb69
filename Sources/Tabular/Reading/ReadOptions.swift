/// How a table's text is to be understood, and how much of it is accepted.
package struct ReadOptions: Sendable {
    package var format: TabularFormat
    /// Unquoted fields that mean "no value". A contract's own list goes before this one.
    package var nullTokens: [String]
    package var limits: ReadLimits

    package init(
        format: TabularFormat = .csv(), nullTokens: [String] = ReadOptions.defaultNullTokens,
        limits: ReadLimits = ReadLimits()
    ) {
        self.format = format
        self.nullTokens = nullTokens
        self.limits = limits
    }

    package static let defaultNullTokens = ["", "NA"]
}

/// The text formats of a table.
package enum TabularFormat: Equatable, Sendable {
    /// Comma-separated values after RFC 4180. Without a delimiter one of `, ; tab |` is
    /// recognised from the first lines. Without a header the columns are `column1`, `column2` …
    case csv(delimiter: UInt8? = nil, hasHeader: Bool = true)
    /// One flat JSON object a line; the keys of the first one are the columns.
    case jsonLines

    /// The format that a file's name tells: JSON Lines for `.jsonl` and `.ndjson`, else CSV.
    package init(fileName: String) {
        let name = fileName.lowercased()
        let isJSON = name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson")
        self = isJSON ? .jsonLines : .csv()
    }
}

/// Bounds on what a hostile or broken file can make us hold in memory.
package struct ReadLimits: Sendable {
    /// Bytes of one record, its quoted line ends included. A longer one is a bad row.
    package var recordBytes = 1 << 20
    /// Columns of the header. More refuse the file.
    package var columns = 10_000
    /// Row numbers kept for each group of violations.
    package var occurrences = 20
    /// Bytes of an offending value shown in a report.
    package var valueBytes = 80
    /// Bytes of memory for the columns of a `Table`. More refuse the reading.
    package var tableBytes = 2 << 30
    /// Different texts of a categorical column of a `Table`. More refuse the reading.
    package var levels = 1 << 20
    /// Values remembered for one `unique` column; beyond it the check is reported as unfinished.
    package var uniqueValues = 1 << 25

    package init() {}
}
