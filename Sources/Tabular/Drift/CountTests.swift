import Glibc

/// The tests on counts.
enum CountTests {
    /// The chi-square test that two rows of counts come from one distribution. Both are samples; the
    /// reference is not taken for exact. Categories too rare for the approximation are joined.
    static func homogeneity(_ a: [Int], _ b: [Int]) -> (statistic: Double, p: Double, degrees: Int)
    {
        let (a, b) = joiningRare(a, b)
        let (n, m) = (Double(a.reduce(0, +)), Double(b.reduce(0, +)))
        guard n > 0, m > 0 else { return (0, 1, 0) }
        var statistic = 0.0
        var used = 0
        for (countA, countB) in zip(a, b) where countA + countB > 0 {
            used += 1
            let share = Double(countA + countB) / (n + m)
            let (differenceA, differenceB) = (
                Double(countA) - n * share, Double(countB) - m * share
            )
            statistic += differenceA * differenceA / (n * share)
            statistic += differenceB * differenceB / (m * share)
        }
        guard used > 1 else { return (0, 1, 0) }
        return (statistic, Distributions.chiSquareTail(statistic, degrees: used - 1), used - 1)
    }

    /// Joins categories whose expected count is below 5 in either row (Cochran's rule).
    private static func joiningRare(_ a: [Int], _ b: [Int]) -> ([Int], [Int]) {
        let (n, m) = (Double(a.reduce(0, +)), Double(b.reduce(0, +)))
        let smaller = min(n, m)
        guard smaller > 0 else { return (a, b) }
        var keptA: [Int] = []
        var keptB: [Int] = []
        var (restA, restB) = (0, 0)
        for (countA, countB) in zip(a, b) {
            if Double(countA + countB) / (n + m) * smaller < 5 {
                restA += countA
                restB += countB
            } else {
                keptA.append(countA)
                keptB.append(countB)
            }
        }
        if restA + restB > 0 {
            // The rest itself may be too rare; then it goes to the last that is kept.
            if Double(restA + restB) / (n + m) * smaller >= 5 || keptA.isEmpty {
                keptA.append(restA)
                keptB.append(restB)
            } else {
                keptA[keptA.count - 1] += restA
                keptB[keptB.count - 1] += restB
            }
        }
        return (keptA, keptB)
    }

    /// Half the sum of the differences of the shares: the share of values that changed place.
    static func totalVariation(_ a: [Int], _ b: [Int]) -> Double {
        let (n, m) = (Double(a.reduce(0, +)), Double(b.reduce(0, +)))
        guard n > 0, m > 0 else { return 0 }
        return zip(a, b).reduce(0) { $0 + abs(Double($1.0) / n - Double($1.1) / m) } / 2
    }

    /// The population stability index, with half a value added to every count so that it is finite.
    static func stabilityIndex(_ a: [Int], _ b: [Int]) -> Double {
        let extra = 0.5
        let n = a.reduce(0.0) { $0 + Double($1) + extra }
        let m = b.reduce(0.0) { $0 + Double($1) + extra }
        guard a.count > 1, n > 0, m > 0 else { return 0 }
        return zip(a, b).reduce(0) { sum, pair in
            let (p, q) = ((Double(pair.0) + extra) / n, (Double(pair.1) + extra) / m)
            return sum + (q - p) * log(q / p)
        }
    }

    /// The test that two shares are the same, with the pooled variance.
    static func twoProportions(
        _ countA: Int, of n: Int, _ countB: Int, of m: Int
    ) -> (statistic: Double, p: Double) {
        guard n > 0, m > 0 else { return (0, 1) }
        let (shareA, shareB) = (Double(countA) / Double(n), Double(countB) / Double(m))
        let pooled = Double(countA + countB) / Double(n + m)
        let variance = pooled * (1 - pooled) * (1 / Double(n) + 1 / Double(m))
        guard variance > 0 else { return (0, 1) }
        let z = (shareB - shareA) / variance.squareRoot()
        return (z, Distributions.normalTwoSidedTail(z))
    }

    /// The p-value of Kolmogorov and Smirnov's two-sample statistic, from its limit distribution.
    static func kolmogorovSmirnov(_ statistic: Double, _ n: Int, _ m: Int) -> Double {
        guard n > 0, m > 0 else { return 1 }
        let effective = Double(n) * Double(m) / (Double(n) + Double(m))
        return Distributions.kolmogorovTail(effective.squareRoot() * statistic)
    }
}
