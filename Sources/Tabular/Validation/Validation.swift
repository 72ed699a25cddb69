/// What `validate` is to do beside checking.
package struct ValidationOptions: Sendable {
    package var read: ReadOptions
    /// Columns to bring along as a `Table`, of the accepted rows only.
    package var collected: [ColumnSelection]
    /// Which of those rows, decided by a row's `StableHash`; nil: all.
    package var keeps: (@Sendable (UInt64) -> Bool)?

    package init(
        read: ReadOptions = ReadOptions(), collected: [ColumnSelection] = [],
        keeps: (@Sendable (UInt64) -> Bool)? = nil
    ) {
        self.read = read
        self.collected = collected
        self.keeps = keeps
    }
}

/// All that one pass over a drop gives.
package struct Validation: Sendable {
    package var report: ValidationReport
    package var profile: Profile
    /// Set when columns were asked for.
    package var table: TableReading?
}

/// Reads a drop once, from front to back: checks it against the contract and takes its profile.
///
/// Without a contract only the form is checked. What is wrong with the drop is in the report, also
/// when it is no table at all. - Throws: `TabularError` when the input cannot be read, when the contract
/// cannot be understood, or when a limit for `collected` is reached.
package func validate(
    _ input: TabularInput, contract: Contract? = nil,
    options: ValidationOptions = ValidationOptions()
) throws(TabularError) -> Validation {
    let nullTokens = contract?.nullTokens ?? options.read.nullTokens
    let reader: any RecordReader
    do throws(TabularError) {
        reader = try makeReader(
            input, options: options.read, wantsHashes: !options.collected.isEmpty)
    } catch {
        guard error.code == .format || error.code == .limit else { throw error }
        return unreadable(error)
    }
    let pass = try DropPass(
        reader: reader, contract: contract, nullTokens: NullTokens(nullTokens),
        limits: options.read.limits)
    var builder: TableBuilder?
    if !options.collected.isEmpty {
        builder = try TableBuilder(
            options.collected, columnNames: reader.columnNames, nullTokens: NullTokens(nullTokens),
            limits: options.read.limits)
    }
    if let reader = reader as? CSVReader {
        try run(pass, over: reader, into: &builder, keeps: options.keeps)
    } else {
        try run(pass, over: reader, into: &builder, keeps: options.keeps)
    }
    return Validation(
        report: pass.report(byteCount: reader.bytesRead, format: reader.formatName),
        profile: pass.profile(), table: builder?.finish())
}

/// Generic, so that the loop is compiled for the CSV reader itself.
private func run<Reader: RecordReader>(
    _ pass: DropPass, over reader: Reader, into builder: inout TableBuilder?,
    keeps: (@Sendable (UInt64) -> Bool)?
) throws(TabularError) {
    while let record = try reader.next() {
        let isGood = pass.take(record, defect: reader.defect)
        if isGood, builder != nil, keeps?(record.hash) ?? true {
            try builder?.append(record)
        }
    }
}

func makeReader(
    _ input: TabularInput, options: ReadOptions, wantsHashes: Bool
) throws(TabularError) -> any RecordReader {
    switch options.format {
    case .csv(let delimiter, let hasHeader):
        try CSVReader(
            input, delimiter: delimiter, hasHeader: hasHeader, limits: options.limits,
            wantsHashes: wantsHashes)
    case .jsonLines:
        try JSONLinesReader(input, limits: options.limits, wantsHashes: wantsHashes)
    }
}

/// The report on something that is no table.
private func unreadable(_ error: TabularError) -> Validation {
    let place = Occurrence(
        row: 0, line: error.line ?? 1, byteOffset: error.byteOffset ?? 0, value: "")
    let violation = Violation(
        rule: .readable, column: nil, ruleName: nil, severity: .error, tolerance: 0, count: 1,
        isExceeded: true, message: error.description, occurrences: [place])
    let report = ValidationReport(
        isAccepted: false, rowCount: 0, rejectedRowCount: 0, byteCount: 0, columnNames: [],
        format: "", violations: [violation])
    return Validation(report: report, profile: Profile(rowCount: 0, columns: []), table: nil)
}
