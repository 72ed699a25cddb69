/// Collects violations by rule and column, counting all and keeping the first few places.
struct ViolationLedger {
    struct Key: Hashable {
        var rule: Rule
        /// Index of the column, of the row rule, or -1.
        var index: Int
    }

    struct Group {
        var severity: Severity
        var tolerance: Double
        var message: String
        var ruleName: String?
        var column: String?
        var count = 0
        var occurrences: [Occurrence] = []
    }

    private let occurrencesMax: Int
    private var slots: [Key: Int] = [:]
    private(set) var groups: [(key: Key, group: Group)] = []

    init(occurrencesMax: Int) { self.occurrencesMax = occurrencesMax }

    /// The group of a key, made on first use. Its number is what the row loop keeps.
    mutating func group(_ key: Key, _ make: () -> Group) -> Int {
        if let slot = slots[key] { return slot }
        slots[key] = groups.count
        groups.append((key, make()))
        return groups.count - 1
    }

    mutating func add(_ slot: Int, _ occurrence: @autoclosure () -> Occurrence) {
        groups[slot].group.count += 1
        if groups[slot].group.occurrences.count < occurrencesMax {
            groups[slot].group.occurrences.append(occurrence())
        }
    }

    /// A violation of the whole drop.
    mutating func add(
        _ rule: Rule, index: Int = -1, column: String? = nil, severity: Severity = .error,
        message: String, at occurrence: Occurrence? = nil, count: Int = 1
    ) {
        let slot = group(Key(rule: rule, index: index)) {
            Group(severity: severity, tolerance: 0, message: message, column: column)
        }
        groups[slot].group.count += count
        if let occurrence { groups[slot].group.occurrences.append(occurrence) }
    }

    func count(_ rule: Rule, index: Int) -> Int {
        slots[Key(rule: rule, index: index)].map { groups[$0].group.count } ?? 0
    }

    /// The groups as violations, the gravest first.
    func violations(rowCount: Int) -> [Violation] {
        let all = groups.filter { $0.group.count > 0 }.map { key, group in
            Violation(
                rule: key.rule, column: group.column, ruleName: group.ruleName,
                severity: group.severity, tolerance: group.tolerance, count: group.count,
                isExceeded: Double(group.count) > group.tolerance * Double(rowCount),
                message: group.message, occurrences: group.occurrences)
        }
        func weight(_ violation: Violation) -> Int {
            (violation.severity == .error ? 2 : 0) + (violation.isExceeded ? 1 : 0)
        }
        return all.enumerated().sorted { a, b in
            let (weightA, weightB) = (weight(a.element), weight(b.element))
            if weightA != weightB { return weightA > weightB }
            if a.element.count != b.element.count { return a.element.count > b.element.count }
            return a.offset < b.offset
        }.map(\.element)
    }
}
