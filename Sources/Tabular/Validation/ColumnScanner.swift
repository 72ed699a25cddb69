/// Takes a column's values one by one: tells their kind, counts them, checks them.
///
/// Lives in memory of its own that `deallocate` gives back.
struct ColumnScanner {
    let declared: ColumnType?
    let check: ColumnCheck?
    private(set) var nullCount = 0
    private(set) var kinds = KindCounts()
    private var lastKind: ValueKind = .integer
    /// The number that the last value was, for rules across columns; else NaN.
    private(set) var lastNumber = Double.nan
    private(set) var unique: UniqueValues?

    private var numbers: NumberCounter?
    private var texts: TextCounter?
    private let binLimit: Int

    // What the row loop needs of `check`, without touching its references.
    private let hasCheck: Bool
    private let isRequired: Bool
    private let isUnique: Bool
    private let looksAtText: Bool
    private let checkMinimum: Double
    private let checkMaximum: Double

    init(declared: ColumnType?, check: ColumnCheck?, binLimit: Int, uniqueValuesMax: Int) {
        self.declared = declared
        self.check = check
        self.binLimit = binLimit
        hasCheck = check != nil
        isRequired = check?.isRequired ?? false
        isUnique = check?.contract.isUnique ?? false
        looksAtText = check?.looksAtText ?? false
        checkMinimum = check?.minimum ?? -.infinity
        checkMaximum = check?.maximum ?? .infinity
        if isUnique { unique = UniqueValues(limit: uniqueValuesMax) }
    }

    func deallocate() {
        numbers?.deallocate()
        texts?.deallocate()
        unique?.deallocate()
    }

    /// - Returns: the rules that the value breaks.
    @inline(__always)
    mutating func take(_ field: Field, _ nullTokens: borrowing NullTokens) -> Breach {
        lastNumber = .nan
        // A pair of quotes with nothing inside is a value in a column of texts alone.
        if nullTokens.contains(field) || (field.count == 0 && declared != .string) {
            nullCount &+= 1
            return isRequired ? .missing : []
        }
        var parsed = Parsed(kind: .string, number: 0, integer: 0)
        if declared == .string {
            kinds.string &+= 1
        } else {
            parse(field, &parsed)
        }
        var breach: Breach = []
        switch parsed.kind {
        case .integer, .number, .date, .timestamp:
            lastNumber = parsed.number
            if numbers == nil { numbers = NumberCounter(first: parsed.number, binLimit: binLimit) }
            numbers?.add(parsed.number)
            if hasCheck {
                if !accepts(parsed.kind) {
                    breach = .type
                } else {
                    if parsed.number < checkMinimum { breach.insert(.minimum) }
                    if parsed.number > checkMaximum { breach.insert(.maximum) }
                }
                if looksAtText { breach.formUnion(textBreaches(field)) }
            }
        case .boolean, .string:
            breach = take(text: field, hash: StableHash.of(field.start, field.count))
            if hasCheck, !accepts(parsed.kind) { breach.insert(.type) }
        }
        if isUnique {
            let identity = identity(field, parsed)
            if unique?.insert(identity) == false { breach.insert(.unique) }
        }
        return breach
    }

    /// Equal for equal values.
    private func identity(_ field: Field, _ parsed: Parsed) -> UInt64 {
        switch parsed.kind {
        case .integer: StableHash.of(UInt64(bitPattern: parsed.integer))
        case .number, .date, .timestamp: StableHash.of(BinCounter.key(parsed.number))
        case .boolean, .string: StableHash.of(field.start, field.count)
        }
    }

    @inline(never)
    private func textBreaches(_ field: Field) -> Breach { check?.breaches(text: field.bytes) ?? [] }

    @inline(__always)
    private mutating func take(text field: Field, hash: UInt64) -> Breach {
        if texts == nil { texts = TextCounter(limit: binLimit) }
        let entry = texts?.add(field.start, field.count, hash: hash) ?? TextCounter.noEntry
        guard looksAtText else { return [] }
        if entry == TextCounter.noEntry { return textBreaches(field) }
        // Worked out once for each different text.
        if let verdict = texts?.verdict(at: entry) { return Breach(rawValue: verdict) }
        let breach = textBreaches(field)
        texts?.setVerdict(breach.rawValue, at: entry)
        return breach
    }

    private struct Parsed {
        var kind: ValueKind
        var number: Double
        var integer: Int64
    }

    /// Whether the declared type holds values of this kind.
    @inline(__always)
    private func accepts(_ kind: ValueKind) -> Bool {
        switch declared {
        case .integer: kind == .integer
        case .number: kind == .integer || kind == .number
        case .boolean: kind == .boolean
        case .date: kind == .date
        case .timestamp: kind == .timestamp || kind == .date
        case .string, nil: true
        }
    }

    /// Tells the kind, trying first what the column had last.
    @inline(__always)
    private mutating func parse(_ field: Field, _ parsed: inout Parsed) {
        let first = field.start[0]
        // Nothing but a text begins with a letter, apart from true and false.
        if first >= 65, first | 0x20 != 0x74, first | 0x20 != 0x66 { return count(.string) }
        if lastKind == .timestamp || lastKind == .date { parseTime(field, &parsed) }
        if parsed.kind == .string {
            let number = parseNumber(field.start, field.count)
            let spelled = number.losesSpelling && declared != .integer && declared != .number
            if number.kind != .none, !spelled {
                parsed.number = number.value
                parsed.kind = number.kind == .integer ? .integer : .number
                parsed.integer = number.integer
            } else if lastKind != .timestamp, lastKind != .date {
                parseTime(field, &parsed)
            }
        }
        if parsed.kind == .string, parseBoolean(field.start, field.count) != nil {
            parsed.kind = .boolean
        }
        count(parsed.kind)
        lastKind = parsed.kind
    }

    @inline(__always)
    private func parseTime(_ field: Field, _ parsed: inout Parsed) {
        guard field.count >= 10 else { return }
        if let seconds = parseDate(field.start, field.count) {
            parsed.kind = .date
            parsed.number = seconds
        } else if let seconds = parseTimestamp(field.start, field.count) {
            parsed.kind = .timestamp
            parsed.number = seconds
        }
    }

    @inline(__always)
    private mutating func count(_ kind: ValueKind) {
        switch kind {
        case .integer: kinds.integer &+= 1
        case .number: kinds.number &+= 1
        case .boolean: kinds.boolean &+= 1
        case .date: kinds.date &+= 1
        case .timestamp: kinds.timestamp &+= 1
        case .string: kinds.string &+= 1
        }
    }

    /// What was taken so far.
    mutating func profile(name: String, count: Int) -> ColumnProfile {
        let numberProfile = numbers?.profile()
        let textProfile = texts?.profile()
        return ColumnProfile(
            name: name, count: count, nullCount: nullCount, kinds: kinds, numbers: numberProfile,
            texts: textProfile)
    }
}
