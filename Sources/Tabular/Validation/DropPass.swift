/// One pass over a drop: gives every row to the columns and keeps account of what is wrong.
final class DropPass {
    private let contract: Contract?
    private let nullTokens: NullTokens
    private let limits: ReadLimits
    private let columnNames: [String]
    private let columnCount: Int
    private let scanners: UnsafeMutablePointer<ColumnScanner>
    private var ledger: ViolationLedger
    private var rowCount = 0
    private var readableCount = 0
    private var rejectedCount = 0
    private var rules: [(rule: RowRule, expression: RowExpression)] = []
    private let cells: UnsafeMutablePointer<Cell>
    private var cellColumns: [Int] = []
    private var lastRow: (place: Occurrence, isTerminated: Bool)?

    init(
        reader: any RecordReader, contract: Contract?, nullTokens: NullTokens, limits: ReadLimits
    ) throws(TabularError) {
        self.contract = contract
        self.nullTokens = nullTokens
        self.limits = limits
        columnNames = reader.columnNames
        columnCount = columnNames.count
        ledger = ViolationLedger(occurrencesMax: limits.occurrences)
        // The reference is kept small also where there are very many columns.
        let binLimit = columnCount <= 64 ? 1024 : (columnCount <= 512 ? 256 : 64)
        var seen: Set<String> = []
        var made: [ColumnScanner] = []
        do throws(TabularError) {
            for name in columnNames {
                let column = seen.insert(name).inserted ? contract?.column(name) : nil
                let check = try column.map { column throws(TabularError) in
                    try ColumnCheck(column)
                }
                made.append(
                    ColumnScanner(
                        declared: column?.type, check: check, binLimit: binLimit,
                        uniqueValuesMax: limits.uniqueValues))
            }
        } catch {
            for scanner in made { scanner.deallocate() }
            throw error
        }
        scanners = .allocate(capacity: max(columnCount, 1))
        for (index, scanner) in made.enumerated() { (scanners + index).initialize(to: scanner) }
        cells = .allocate(capacity: max(columnCount, 1))
        cells.initialize(repeating: .null, count: max(columnCount, 1))
        try prepareRules()
        checkHeader()
    }

    deinit {
        for index in 0..<columnCount { scanners[index].deallocate() }
        scanners.deinitialize(count: columnCount)
        scanners.deallocate()
        cells.deallocate()
    }

    private func prepareRules() throws(TabularError) {
        guard let contract else { return }
        let known = columnNames.map { (name: $0, type: contract.column($0)?.type ?? .string) }
        var used: Set<Int> = []
        for rule in contract.rowRules {
            // A rule is checked against the contract's own columns first: its mistakes are the
            // contract's. Where the drop lacks a column, that is already a violation of its own.
            _ = try RowExpression(
                rule.expression, columns: contract.columns.map { ($0.name, $0.type) })
            do throws(TabularError) {
                let expression = try RowExpression(rule.expression, columns: known)
                rules.append((rule, expression))
                used.formUnion(expression.columns)
            } catch {
                continue
            }
        }
        cellColumns = used.sorted()
    }

    private func checkHeader() {
        var seen: [String: Int] = [:]
        for (index, name) in columnNames.enumerated() {
            let shown = escapedText(name, limit: limits.valueBytes)
            let place = Occurrence(row: 0, line: 1, byteOffset: 0, value: shown)
            if name.isEmpty {
                ledger.add(
                    .header, index: index, message: "column \(index + 1) has no name", at: place)
            } else if let first = seen[name] {
                ledger.add(
                    .header, index: index, column: name,
                    message: "column \(index + 1) has the name of column \(first + 1): \(shown)",
                    at: place)
            } else {
                seen[name] = index
            }
        }
        guard let contract else { return }
        for (index, column) in contract.columns.enumerated()
        where seen[column.name] == nil && !column.isOptional {
            let near = nearestName(to: column.name, among: columnNames)
            let hint = near.map { "; the drop has \(escapedText($0, limit: 80))" } ?? ""
            ledger.add(
                .columnMissing, index: index, column: column.name,
                message: "column \(column.name) is missing\(hint)")
        }
        guard let severity = contract.unknownColumns else { return }
        for (index, name) in columnNames.enumerated()
        where contract.column(name) == nil && !name.isEmpty {
            ledger.add(
                .columnUnknown, index: index, column: name, severity: severity,
                message: "column \(escapedText(name, limit: 80)) is not in the contract")
        }
    }
}

extension DropPass {
    /// Checks and counts a row. - Returns: whether it keeps all rules of severity error.
    @inline(__always)
    func take(_ record: Record, defect: @autoclosure () -> RowDefect?) -> Bool {
        rowCount &+= 1
        if record.isDefective || record.count != columnCount { return reject(record, defect()) }
        readableCount &+= 1
        var isGood = true
        for index in 0..<columnCount {
            let breach = scanners[index].take(record.fields[index], nullTokens)
            if breach.rawValue != 0 {
                if !note(breach, column: index, in: record) { isGood = false }
            }
        }
        if !rules.isEmpty, !checkRules(record) { isGood = false }
        if !isGood { rejectedCount &+= 1 }
        if !record.isTerminated { lastRow = (place(record), false) }
        return isGood
    }

    private func place(_ record: Record) -> Occurrence {
        Occurrence(row: rowCount, line: record.line, byteOffset: record.byteOffset, value: "")
    }

    /// A row that cannot be taken apart into the columns.
    @inline(never)
    private func reject(_ record: Record, _ found: RowDefect?) -> Bool {
        let defect = record.isDefective ? found : nil
        rejectedCount += 1
        var occurrence = place(record)
        let rule: Rule
        let message: String
        if !record.isTerminated, defect == nil || defect?.kind == .unclosedQuote {
            rule = .truncatedRow
            message = "the last row is cut off: the file is not complete"
            occurrence.value = defect?.excerpt ?? fieldCountText(record)
        } else if let defect {
            rule = defect.kind.rule
            message = defect.kind.words
            occurrence.byteOffset = defect.byteOffset
            occurrence.value = defect.excerpt
        } else {
            rule = .fieldCount
            message = "rows with another number of fields than the header's \(columnCount)"
            occurrence.value = fieldCountText(record)
        }
        let slot = ledger.group(ViolationLedger.Key(rule: rule, index: -1)) {
            ViolationLedger.Group(severity: .error, tolerance: 0, message: message)
        }
        ledger.add(slot, occurrence)
        return false
    }

    private func fieldCountText(_ record: Record) -> String {
        "\(record.count) of \(columnCount) fields"
    }

    /// - Returns: whether the row is still good, which it is after warnings.
    @inline(never)
    private func note(_ breach: Breach, column: Int, in record: Record) -> Bool {
        guard let check = scanners[column].check else { return true }
        let field = record.fields[column]
        // A cut through the last value leaves a row that is complete but for that value.
        if !record.isTerminated, column == columnCount - 1 {
            return noteCut(field, in: record)
        }
        var isGood = true
        for (bit, rule) in Breach.all where breach.contains(bit) {
            let level = check.level(bit)
            let slot = ledger.group(ViolationLedger.Key(rule: rule, index: column)) {
                ViolationLedger.Group(
                    severity: level.severity, tolerance: level.tolerance,
                    message: check.message(bit), column: check.contract.name)
            }
            ledger.add(slot, occurrence(field, in: record))
            if level.severity == .error { isGood = false }
        }
        return isGood
    }

    private func occurrence(_ field: Field, in record: Record) -> Occurrence {
        Occurrence(
            row: rowCount, line: record.line, byteOffset: record.byteOffset(of: field),
            value: escapedText(field.bytes, limit: limits.valueBytes))
    }

    private func noteCut(_ field: Field, in record: Record) -> Bool {
        ledger.add(
            .truncatedRow, message: "the last value is cut off: the file is not complete",
            at: occurrence(field, in: record))
        return false
    }

    @inline(never)
    private func checkRules(_ record: Record) -> Bool {
        for index in cellColumns { cells[index] = cell(index, record.fields[index]) }
        var isGood = true
        for (index, (rule, expression)) in rules.enumerated()
        where expression.evaluate(cells) == false {
            let slot = ledger.group(ViolationLedger.Key(rule: .rowRule, index: index)) {
                ViolationLedger.Group(
                    severity: rule.level.severity, tolerance: rule.level.tolerance,
                    message: "\(rule.name): \(rule.expression)", ruleName: rule.name)
            }
            var occurrence = place(record)
            occurrence.value = expression.columns.map {
                "\(columnNames[$0])=\(escapedText(record.fields[$0].bytes, limit: 24))"
            }.joined(separator: " ")
            ledger.add(slot, occurrence)
            if rule.level.severity == .error { isGood = false }
        }
        return isGood
    }

    private func cell(_ index: Int, _ field: Field) -> Cell {
        let number = scanners[index].lastNumber
        if !number.isNaN { return .number(number) }
        if nullTokens.contains(field) { return .null }
        switch scanners[index].declared {
        case .string, nil: return .text(field.bytes)
        case .boolean: return parseBoolean(field.start, field.count).map { .truth($0) } ?? .null
        default: return .null
        }
    }
}

extension DropPass {
    func profile() -> Profile {
        Profile(
            rowCount: readableCount,
            columns: (0..<columnCount).map {
                scanners[$0].profile(name: columnNames[$0], count: readableCount)
            })
    }

    func report(byteCount: Int, format: String) -> ValidationReport {
        finish()
        let violations = ledger.violations(rowCount: rowCount)
        return ValidationReport(
            isAccepted: !violations.contains { $0.severity == .error && $0.isExceeded },
            rowCount: rowCount, rejectedRowCount: rejectedCount, byteCount: byteCount,
            columnNames: columnNames, format: format, violations: violations)
    }

    /// The checks that need all rows.
    private func finish() {
        if let lastRow, ledger.count(.truncatedRow, index: -1) == 0 {
            ledger.add(
                .finalLineEnd, severity: .warning,
                message: "the last row has no line end: its last value may be cut off",
                at: lastRow.place)
        }
        for index in 0..<columnCount {
            guard let check = scanners[index].check else { continue }
            checkNullFraction(scanners[index], check.contract, index: index)
            if scanners[index].unique?.isFull == true {
                ledger.add(
                    .uniqueUnfinished, index: index, column: check.contract.name,
                    severity: .warning,
                    message: "\(check.contract.name): only the first \(limits.uniqueValues) "
                        + "different values were checked for uniqueness")
            }
        }
        if let least = contract?.rowCountMin, rowCount < least {
            ledger.add(.rowCount, message: "\(rowCount) rows; at least \(least) are expected")
        }
        if let most = contract?.rowCountMax, rowCount > most {
            ledger.add(.rowCount, message: "\(rowCount) rows; at most \(most) are expected")
        }
    }

    private func checkNullFraction(
        _ scanner: ColumnScanner, _ column: ColumnContract, index: Int
    ) {
        guard column.nullFractionMax > 0, column.nullFractionMax < 1, readableCount > 0 else {
            return
        }
        let fraction = Double(scanner.nullCount) / Double(readableCount)
        guard fraction > column.nullFractionMax else { return }
        func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }
        ledger.add(
            .nullFraction, index: index, column: column.name, severity: column.level.severity,
            message: "\(column.name): \(percent(fraction)) of the values are missing; "
                + "at most \(percent(column.nullFractionMax)) are expected",
            count: scanner.nullCount)
    }
}

extension RowDefect.Kind {
    var rule: Rule {
        switch self {
        case .strayQuote, .unclosedQuote: .quoting
        case .zeroByte: .zeroByte
        case .encoding: .encoding
        case .tooLong: .rowLength
        case .json: .json
        }
    }
}
