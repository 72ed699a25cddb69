import Glibc

extension Contract {
    /// A contract that the profiled drop keeps, with room for what later drops may bring.
    ///
    /// Bounds are set outside what was seen, the farther the wider the values are spread; columns whose
    /// values grow (dates, identifiers) get no upper bound; a set of texts is closed only where every
    /// member is well covered, and then unseen values warn instead of rejecting. It is a proposal for
    /// a person to sharpen.
    package static func inferred(from profile: Profile, id: String) -> Contract {
        Contract(
            id: id, columns: profile.columns.map { ColumnContract(inferredFrom: $0) },
            rowCountMin: profile.rowCount > 0 ? 1 : 0)
    }
}

extension ColumnContract {
    init(inferredFrom profile: ColumnProfile) {
        self.init(name: profile.name, type: profile.type)
        nullFractionMax = Self.nullFractionMax(profile)
        if type == .integer || type == .number, let numbers = profile.numbers {
            inferRange(numbers, profile)
        } else if type == .date || type == .timestamp, let numbers = profile.numbers {
            // Time goes on; what is older than what was seen by its own span again is a mistake.
            let day = 86_400.0
            let span = max(numbers.maximum - numbers.minimum, 366 * day)
            minimum = ((numbers.minimum - span) / day).rounded(.down) * day
        } else if type == .string, let texts = profile.texts {
            inferTexts(texts, profile)
        }
    }

    /// Three times the share that was seen, three standard errors and five per cent more. Nothing may
    /// be missing only where nothing was in a drop that is large enough to say so.
    private static func nullFractionMax(_ profile: ColumnProfile) -> Double {
        guard profile.count > 0, profile.nullCount < profile.count else { return 1 }
        if profile.nullCount == 0, profile.count >= 1_000 { return 0 }
        let count = Double(profile.count)
        let share = (Double(profile.nullCount) + 1) / (count + 2)
        let slack = 3 * share + 3 * sqrt(share * (1 - share) / count) + 0.05
        return min(1, (slack * 100).rounded(.up) / 100)
    }

    private mutating func inferRange(_ numbers: NumberProfile, _ profile: ColumnProfile) {
        let span = numbers.maximum - numbers.minimum
        guard span.isFinite else { return }
        // A column that hardly varies in one drop (a year, a month) says nothing of what the next
        // brings, but that what was never negative is a count.
        guard numbers.distinctCount >= 10 else {
            if numbers.minimum >= 0 { minimum = 0 }
            return
        }
        // Different in nearly every row: an identifier that will go on counting.
        let isIdentifier =
            type == .integer && profile.count >= 100
            && Double(numbers.distinctCount) > 0.95 * Double(numbers.count)
        // One value alone says nothing of how far others may be, but for its size.
        let size = max(abs(numbers.maximum), abs(numbers.minimum), 1)
        let reach = span == 0 ? max(10 * size, 100) : max(span, size)
        var low = numbers.minimum - reach
        // What was never negative is a count, a length, an amount.
        if numbers.minimum >= 0 { low = max(0, low) }
        minimum = type == .integer ? low.rounded(.down) : low
        if !isIdentifier {
            let high = numbers.maximum + reach
            maximum = type == .integer ? high.rounded(.up) : high
        }
    }

    /// Names are few and all well covered: then an unseen one is worth a warning.
    private mutating func inferTexts(_ texts: TextProfile, _ profile: ColumnProfile) {
        lengthMax = max(texts.maximumLength * 4, 16)
        let fewest = texts.categories.map(\.count).min() ?? 0
        if texts.isNamed, texts.categories.count <= 50, fewest >= 5, texts.count >= 200 {
            allowedValues = texts.categories.map(\.name)
            allowedLevel = RuleLevel(.warning, tolerance: 0.01)
        }
    }
}
