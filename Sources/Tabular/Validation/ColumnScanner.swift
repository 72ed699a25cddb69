/// Takes a column's values one by one: tells their kind, counts them, checks them.
///
/// Lives in memory of its own that `deallocate` gives back.
struct ColumnScanner {
    let declared: ColumnType?
    let check: ColumnCheck?
    private(set) var nullCount = 0
    private(set) var kinds = KindCounts()
    private var lastKind: ValueKind = .integer
    /// The number that the last value was, for rules across columns; else nil.
    private(set) var lastNumber: Double?
    private(set) var unique: UniqueValues?

    private var numberCount = 0
    private var minimum = Double.infinity
    private var maximum = -Double.infinity
    private var shift = 0.0
    private var sum = 0.0
    private var squares = 0.0
    private var bins: BinCounter?

    private var textCount = 0
    private var lengthMin = Int.max
    private var lengthMax = 0
    private var texts: TextCounter?
    private let binLimit: Int

    init(declared: ColumnType?, check: ColumnCheck?, binLimit: Int, uniqueValuesMax: Int) {
        self.declared = declared
        self.check = check
        self.binLimit = binLimit
        if let check, check.contract.isUnique { unique = UniqueValues(limit: uniqueValuesMax) }
    }

    func deallocate() {
        bins?.deallocate()
        texts?.deallocate()
        unique?.deallocate()
    }

    /// - Returns: the rules that the value breaks.
    @inline(__always)
    mutating func take(_ field: Field, _ nullTokens: NullTokens) -> Breach {
        lastNumber = nil
        // A pair of quotes with nothing inside is a value in a column of texts alone.
        if nullTokens.contains(field) || (field.count == 0 && declared != .string) {
            nullCount &+= 1
            return check?.isRequired == true ? .missing : []
        }
        var parsed = Parsed(kind: .string, number: 0, identity: 0)
        if declared != .string { parse(field, &parsed) }
        var breach: Breach = []
        switch parsed.kind {
        case .integer, .number, .date, .timestamp:
            take(number: parsed.number)
            if let check {
                if !accepts(parsed.kind) {
                    breach.insert(.type)
                } else {
                    if parsed.number < check.minimum { breach.insert(.minimum) }
                    if parsed.number > check.maximum { breach.insert(.maximum) }
                }
                if check.looksAtText { breach.formUnion(check.breaches(text: field.bytes)) }
            }
        case .boolean, .string:
            parsed.identity = StableHash.of(field.start, field.count)
            breach = take(text: field, hash: parsed.identity)
            if check != nil, !accepts(parsed.kind) { breach.insert(.type) }
        }
        if unique != nil, unique?.insert(parsed.identity) == false { breach.insert(.unique) }
        return breach
    }

    private struct Parsed {
        var kind: ValueKind
        var number: Double
        /// Equal for equal values.
        var identity: UInt64
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
                let bits = UInt64(bitPattern: number.integer)
                parsed.identity =
                    parsed.kind == .integer
                    ? StableHash.of(bits) : StableHash.of(BinCounter.key(number.value))
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
        } else {
            return
        }
        parsed.identity = StableHash.of(BinCounter.key(parsed.number))
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

    @inline(__always)
    private mutating func take(number: Double) {
        lastNumber = number
        if numberCount == 0 {
            shift = number
            bins = BinCounter(limit: binLimit)
        }
        numberCount &+= 1
        if number < minimum { minimum = number }
        if number > maximum { maximum = number }
        let distance = number - shift
        sum += distance
        squares += distance * distance
        bins?.add(number)
    }

    @inline(__always)
    private mutating func take(text field: Field, hash: UInt64) -> Breach {
        if declared == .string { kinds.string &+= 1 }
        if texts == nil { texts = TextCounter(limit: binLimit) }
        textCount &+= 1
        lengthMin = min(lengthMin, field.count)
        lengthMax = max(lengthMax, field.count)
        let entry = texts?.add(field.start, field.count, hash: hash)
        guard let check, check.looksAtText else { return [] }
        guard let entry else { return check.breaches(text: field.bytes) }
        if entry.isNew {
            texts?.setVerdict(check.breaches(text: field.bytes).rawValue, at: entry.index)
        }
        return Breach(rawValue: texts?.entries[entry.index].verdict ?? 0)
    }

    /// What was taken so far.
    func profile(name: String, count: Int) -> ColumnProfile {
        ColumnProfile(
            name: name, count: count, nullCount: nullCount, kinds: kinds,
            numbers: numberProfile, texts: textProfile)
    }

    private var numberProfile: NumberProfile? {
        guard let bins else { return nil }
        let count = Double(numberCount)
        let mean = sum.isFinite ? shift + sum / count : minimum / 2 + maximum / 2
        let spread = squares - sum * (sum / count)
        return NumberProfile(
            count: numberCount, minimum: minimum, maximum: maximum, mean: mean,
            squares: spread.isFinite ? max(0, spread) : .infinity, level: Int(bins.level),
            bins: bins.sorted().map { NumberProfile.Bin(key: $0.bin, count: $0.count) },
            registers: bins.distinct?.snapshot ?? [])
    }

    private var textProfile: TextProfile? {
        guard let texts else { return nil }
        return TextProfile(
            count: textCount, minimumLength: lengthMin, maximumLength: lengthMax,
            categories: texts.named().map { TextProfile.Category(name: $0.name, count: $0.count) },
            buckets: texts.bucketCounts(), registers: texts.distinct?.snapshot ?? [])
    }
}
