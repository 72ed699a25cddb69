extension Profile {
    /// The profile of the rows of both. Parts can be added in any order; only mean and variance may
    /// differ in their last digits.
    package func merging(_ other: Profile) -> Profile {
        if rowCount == 0, columns.isEmpty { return other }
        var merged: [ColumnProfile] = []
        for column in columns {
            merged.append(column.merging(other.column(column.name), rowCount: other.rowCount))
        }
        for column in other.columns where self.column(column.name) == nil {
            merged.append(column.merging(nil, rowCount: rowCount))
        }
        return Profile(rowCount: rowCount + other.rowCount, columns: merged)
    }
}

extension ColumnProfile {
    /// A column that the other part does not have is missing in all its rows.
    fileprivate func merging(_ other: ColumnProfile?, rowCount: Int) -> ColumnProfile {
        guard let other else {
            var result = self
            result.count += rowCount
            result.nullCount += rowCount
            return result
        }
        return ColumnProfile(
            name: name, count: count + other.count, nullCount: nullCount + other.nullCount,
            kinds: kinds + other.kinds,
            numbers: Self.join(numbers, other.numbers) { $0.merging($1) },
            texts: Self.join(texts, other.texts) { $0.merging($1) })
    }

    private static func join<Part>(_ a: Part?, _ b: Part?, _ merge: (Part, Part) -> Part) -> Part? {
        guard let a else { return b }
        guard let b else { return a }
        return merge(a, b)
    }
}

extension NumberProfile {
    func merging(_ other: NumberProfile) -> NumberProfile {
        var result = self
        let (n, m) = (Double(count), Double(other.count))
        let difference = other.mean - mean
        result.count = count + other.count
        result.minimum = min(minimum, other.minimum)
        result.maximum = max(maximum, other.maximum)
        // Chan, Golub and LeVeque 1979.
        result.mean = mean + difference * (m / (n + m))
        if !result.mean.isFinite { result.mean = mean * (n / (n + m)) + other.mean * (m / (n + m)) }
        result.squares = squares + other.squares + difference * difference * (n * m / (n + m))
        if !result.squares.isFinite { result.squares = .infinity }
        let limit = Self.binLimit
        result.level = max(level, other.level)
        result.bins = Self.joined(
            coarsened(to: result.level), other.coarsened(to: result.level))
        let registers = DistinctCounter.union(ownRegisters, other.ownRegisters)
        while result.bins.count > limit {
            let finer = result
            result.bins = finer.coarsened(to: finer.level + 1)
            result.level += 1
        }
        result.registers = result.level == 0 ? [] : registers
        return result
    }

    /// Bins that a profile keeps at most.
    static let binLimit = 1024

    /// The registers, made from the values where those are still known one by one.
    private var ownRegisters: [UInt8] {
        if level > 0 { return registers }
        return DistinctCounter.registers(ofHashes: bins.map { StableHash.of($0.key) })
    }

    private static func joined(_ a: [Bin], _ b: [Bin]) -> [Bin] {
        var result: [Bin] = []
        result.reserveCapacity(a.count + b.count)
        for bin in (a + b).sorted(by: { $0.key < $1.key }) {
            if let last = result.indices.last, result[last].key == bin.key {
                result[last].count += bin.count
            } else {
                result.append(bin)
            }
        }
        return result
    }
}

extension TextProfile {
    func merging(_ other: TextProfile) -> TextProfile {
        var result = self
        result.count = count + other.count
        result.minimumLength = min(minimumLength, other.minimumLength)
        result.maximumLength = max(maximumLength, other.maximumLength)
        if isNamed, other.isNamed {
            var counts: [String: Int] = [:]
            for category in categories + other.categories {
                counts[category.name, default: 0] += category.count
            }
            let bytes = counts.keys.reduce(0) { $0 + TextCounter.cost($1.utf8) }
            if counts.count <= Self.nameLimit, bytes <= TextCounter.nameBytesMax {
                result.categories = counts.map { Category(name: $0.key, count: $0.value) }
                    .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
                return result
            }
        }
        result.registers = DistinctCounter.union(ownRegisters, other.ownRegisters)
        result.buckets = zip(hashedCounts, other.hashedCounts).map { $0 + $1 }
        result.categories = []
        return result
    }

    /// Names that a profile keeps at most.
    static let nameLimit = 1024

    private var ownRegisters: [UInt8] {
        if !isNamed { return registers }
        return DistinctCounter.registers(
            ofHashes: categories.map { StableHash.of(StableHash.of($0.name)) })
    }
}

extension DistinctCounter {
    static func union(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { zip(a, b).map { max($0, $1) } }

    static func registers(ofHashes hashes: [UInt64]) -> [UInt8] {
        let counter = DistinctCounter()
        defer { counter.deallocate() }
        for hash in hashes { counter.add(hash: hash) }
        return counter.snapshot
    }
}
