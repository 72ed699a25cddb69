/// Bits that say which rules a value breaks.
struct Breach: OptionSet {
    let rawValue: UInt8
    static let missing = Breach(rawValue: 1)
    static let type = Breach(rawValue: 2)
    static let minimum = Breach(rawValue: 4)
    static let maximum = Breach(rawValue: 8)
    static let allowedValues = Breach(rawValue: 16)
    static let pattern = Breach(rawValue: 32)
    static let length = Breach(rawValue: 64)
    static let unique = Breach(rawValue: 128)

    static let all: [(Breach, Rule)] = [
        (.missing, .missing), (.type, .type), (.minimum, .minimum), (.maximum, .maximum),
        (.allowedValues, .allowedValues), (.pattern, .pattern), (.length, .length),
        (.unique, .unique),
    ]
}

/// A column's rules in the form that the row loop wants.
struct ColumnCheck {
    let contract: ColumnContract
    /// Each missing value is a violation (no share of them is accepted).
    let isRequired: Bool
    let minimum: Double
    let maximum: Double
    /// Something has to be asked of the text itself.
    let looksAtText: Bool
    private let allowed: Set<[UInt8]>?
    private let pattern: Pattern?
    private let lengthMin: Int
    private let lengthMax: Int

    init(_ contract: ColumnContract) throws(TabularError) {
        self.contract = contract
        isRequired = contract.nullFractionMax <= 0
        minimum = contract.minimum ?? -.infinity
        maximum = contract.maximum ?? .infinity
        allowed = contract.allowedValues.map { Set($0.map { Array($0.utf8) }) }
        if let text = contract.pattern {
            pattern = try Pattern(text)
        } else {
            pattern = nil
        }
        lengthMin = contract.lengthMin ?? 0
        lengthMax = contract.lengthMax ?? .max
        looksAtText =
            allowed != nil || pattern != nil || contract.lengthMin != nil
            || contract.lengthMax != nil
    }

    func breaches(text: UnsafeBufferPointer<UInt8>) -> Breach {
        var breach: Breach = []
        if let allowed, !allowed.contains(Array(text)) { breach.insert(.allowedValues) }
        if let pattern, !pattern.matches(text) { breach.insert(.pattern) }
        if lengthMin > 0 || lengthMax < .max {
            let length = text.count { $0 & 0xC0 != 0x80 }
            if length < lengthMin || length > lengthMax { breach.insert(.length) }
        }
        return breach
    }

    func level(_ breach: Breach) -> RuleLevel {
        switch breach {
        case .missing: RuleLevel(contract.level.severity)
        case .allowedValues: contract.allowedLevel
        default: contract.level
        }
    }

    /// What was expected, in words.
    func message(_ breach: Breach) -> String {
        let name = escapedText(contract.name, limit: 80)
        switch breach {
        case .missing: return "\(name): a value is required"
        case .type: return "\(name): not \(contract.type.words)"
        case .minimum: return "\(name): below \(shown(contract.minimum))"
        case .maximum: return "\(name): above \(shown(contract.maximum))"
        case .allowedValues: return "\(name): not one of the allowed values"
        case .pattern: return "\(name): does not match \(contract.pattern ?? "")"
        case .length:
            let low = contract.lengthMin.map { "at least \($0)" }
            let high = contract.lengthMax.map { "at most \($0)" }
            let range = [low, high].compactMap(\.self).joined(separator: " and ")
            return "\(name): length is not \(range) characters"
        default: return "\(name): occurs more than once"
        }
    }

    private func shown(_ bound: Double?) -> String {
        guard let bound else { return "" }
        return valueText(bound, type: contract.type)
    }
}

extension ColumnType {
    /// With its article, for messages.
    var words: String {
        switch self {
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .date: "a date like 2013-01-31"
        case .timestamp: "a timestamp like 2013-01-31T10:00:00Z"
        case .string: "a text"
        }
    }
}

/// A number of a column as a person writes it.
func valueText(_ value: Double, type: ColumnType) -> String {
    switch type {
    case .date, .timestamp: dateText(seconds: value, type: type)
    default: Int64(exactly: value).map { String($0) } ?? "\(value)"
    }
}
