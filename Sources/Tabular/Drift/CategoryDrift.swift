/// Two distributions of texts (and of what numbers stand among them) on common categories.
struct CategoryComparison {
    private(set) var reference: [Int] = []
    private(set) var current: [Int] = []
    /// The first ten names that the reference does not have.
    private(set) var unseen: [String] = []
    private(set) var unseenShare = 0.0

    init(_ a: ColumnProfile, _ b: ColumnProfile) {
        if a.texts?.isNamed ?? true, b.texts?.isNamed ?? true {
            compareNames(a.texts?.categories ?? [], b.texts?.categories ?? [])
        } else {
            reference = a.texts?.hashedCounts ?? []
            current = b.texts?.hashedCounts ?? []
            if reference.isEmpty { reference = [Int](repeating: 0, count: current.count) }
            if current.isEmpty { current = [Int](repeating: 0, count: reference.count) }
        }
        // Numbers among texts: a category of their own. Which numbers, is measured apart.
        reference.append(a.numbers?.count ?? 0)
        current.append(b.numbers?.count ?? 0)
    }

    private mutating func compareNames(_ a: [TextProfile.Category], _ b: [TextProfile.Category]) {
        var counts: [String: Int] = [:]
        for category in b { counts[category.name] = category.count }
        for category in a {
            reference.append(category.count)
            current.append(counts.removeValue(forKey: category.name) ?? 0)
        }
        var unseenCount = 0
        for category in b where counts[category.name] != nil {
            reference.append(0)
            current.append(category.count)
            unseenCount += category.count
            if unseen.count < 10 { unseen.append(category.name) }
        }
        let total = b.reduce(0) { $0 + $1.count }
        unseenShare = total == 0 ? 0 : Double(unseenCount) / Double(total)
    }
}

extension TextProfile {
    /// Counts by hash, also where the names are known.
    var hashedCounts: [Int] {
        if !isNamed { return buckets }
        var counts = [Int](repeating: 0, count: TextCounter.bucketCount)
        for category in categories {
            counts[Int(StableHash.of(category.name) >> 56)] += category.count
        }
        return counts
    }
}

extension ColumnSummary {
    init(_ profile: ColumnProfile) {
        type = profile.type
        count = profile.count
        nullFraction = profile.nullFraction
        distinctCount = profile.distinctCount
        mean = profile.numbers.map(\.mean)
        standardDeviation = profile.numbers.map { $0.variance.squareRoot() }
        quantiles =
            profile.numbers.map { numbers in
                [numbers.minimum] + (1...9).map { numbers.quantile(Double($0) / 10) }
                    + [numbers.maximum]
            } ?? []
        let texts = profile.texts
        let total = Double(max(texts?.count ?? 0, 1))
        categories =
            (texts?.categories ?? []).sorted { ($1.count, $0.name) < ($0.count, $1.name) }.prefix(
                10
            )
            .map { CategoryShare(name: $0.name, share: Double($0.count) / total) }
    }
}
