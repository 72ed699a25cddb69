/// Two distributions of numbers on common bins.
struct NumberComparison {
    /// Counts in the same bins, ascending.
    let reference: [Int]
    let current: [Int]

    /// Brings both to the coarser of the two levels. The counts stay exact.
    init(_ a: NumberProfile?, _ b: NumberProfile?) {
        let level = max(a?.level ?? 0, b?.level ?? 0)
        let binsA = a?.coarsened(to: level) ?? []
        let binsB = b?.coarsened(to: level) ?? []
        var reference: [Int] = []
        var current: [Int] = []
        var (i, j) = (0, 0)
        while i < binsA.count || j < binsB.count {
            let keyA = i < binsA.count ? binsA[i].key : .max
            let keyB = j < binsB.count ? binsB[j].key : .max
            let takesA = i < binsA.count && (j == binsB.count || keyA <= keyB)
            let takesB = j < binsB.count && (i == binsA.count || keyB <= keyA)
            reference.append(takesA ? binsA[i].count : 0)
            current.append(takesB ? binsB[j].count : 0)
            if takesA { i += 1 }
            if takesB { j += 1 }
        }
        self.reference = reference
        self.current = current
    }

    var referenceCount: Int { reference.reduce(0, +) }
    var currentCount: Int { current.reduce(0, +) }

    /// The greatest difference of the cumulated shares.
    var kolmogorovSmirnov: Double {
        let (n, m) = (Double(referenceCount), Double(currentCount))
        guard n > 0, m > 0 else { return 0 }
        var (a, b) = (0, 0)
        var greatest = 0.0
        for index in reference.indices {
            a += reference[index]
            b += current[index]
            greatest = max(greatest, abs(Double(a) / n - Double(b) / m))
        }
        return greatest
    }

    /// Counts in the reference's tenths. A value that fills more than a tenth makes them fewer.
    var referenceTenths: (reference: [Int], current: [Int]) { grouped(10, by: reference) }

    /// Counts in groups of equal size of both samples together, at most ten, and fewer where there
    /// would be less than five values in one. The groups do not depend on which value came from which
    /// sample, so that a test on them keeps its promise in small samples too.
    var commonTenths: (reference: [Int], current: [Int]) {
        let groups = min(10, min(referenceCount, currentCount) / 5)
        return grouped(max(groups, 1), by: zip(reference, current).map { $0 + $1 })
    }

    private func grouped(_ count: Int, by weights: [Int]) -> (reference: [Int], current: [Int]) {
        let total = weights.reduce(0, +)
        var groups: (reference: [Int], current: [Int]) = ([0], [0])
        var seen = 0
        for index in weights.indices {
            groups.reference[groups.reference.count - 1] += reference[index]
            groups.current[groups.current.count - 1] += current[index]
            seen += weights[index]
            let wanted = Double(groups.reference.count) * Double(total) / Double(count)
            if Double(seen) >= wanted, seen < total, index + 1 < weights.count {
                groups.reference.append(0)
                groups.current.append(0)
            }
        }
        return groups
    }
}

extension NumberProfile {
    /// The bins with more of the keys' bits dropped.
    func coarsened(to newLevel: Int) -> [Bin] {
        guard newLevel > level else { return bins }
        let bits = UInt64(newLevel - level)
        var result: [Bin] = []
        for bin in bins {
            let key = bits < 64 ? bin.key >> bits : 0
            if let last = result.indices.last, result[last].key == key {
                result[last].count += bin.count
            } else {
                result.append(Bin(key: key, count: bin.count))
            }
        }
        return result
    }
}
