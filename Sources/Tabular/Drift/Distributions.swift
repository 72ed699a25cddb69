import Glibc

/// Tail probabilities that the drift tests need, accurate to about twelve digits also far out.
enum Distributions {
    /// The probability that a chi-square variable is at least `statistic`.
    static func chiSquareTail(_ statistic: Double, degrees: Int) -> Double {
        guard degrees > 0, statistic > 0 else { return 1 }
        guard statistic.isFinite else { return 0 }
        return upperGamma(Double(degrees) / 2, statistic / 2)
    }

    /// The regularised upper incomplete gamma function Q(a, x): by its series below a + 1, above by its
    /// continued fraction (modified Lentz; Numerical Recipes 6.2).
    static func upperGamma(_ a: Double, _ x: Double) -> Double {
        var sign: Int32 = 0
        let scale = exp(a * log(x) - x - lgamma_r(a, &sign))
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var n = a
            for _ in 0..<100_000 {
                n += 1
                term *= x / n
                sum += term
                if term < sum * 1e-17 { break }
            }
            return min(1, max(0, 1 - scale * sum))
        }
        let tiny = 1e-300
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var h = d
        for i in 1..<100_000 {
            let an = -Double(i) * (Double(i) - a)
            b += 2
            d = an * d + b
            if abs(d) < tiny { d = tiny }
            c = b + an / c
            if abs(c) < tiny { c = tiny }
            d = 1 / d
            let delta = d * c
            h *= delta
            if abs(delta - 1) < 1e-16 { break }
        }
        return min(1, max(0, scale * h))
    }

    /// The probability that a standard normal variable is at least |z| away from 0, on either side.
    static func normalTwoSidedTail(_ z: Double) -> Double { erfc(abs(z) / 2.squareRoot()) }

    /// Kolmogorov's limiting distribution: the probability that sqrt(n) D is at least `lambda`.
    static func kolmogorovTail(_ lambda: Double) -> Double {
        guard lambda > 0 else { return 1 }
        if lambda < 1.18 {
            // Jacobi's theta function transformed: quick where the alternating series is slow.
            let y = exp(-Double.pi * Double.pi / (8 * lambda * lambda))
            let sum = y + pow(y, 9) + pow(y, 25) + pow(y, 49)
            return min(1, max(0, 1 - (2 * Double.pi).squareRoot() / lambda * sum))
        }
        let x = exp(-2 * lambda * lambda)
        return min(1, 2 * (x - pow(x, 4) + pow(x, 9) - pow(x, 16)))
    }

    /// Holm's correction: p-values that may be compared with one level for the whole family.
    static func holm(_ values: [Double]) -> [Double] {
        var corrected = values
        var running = 0.0
        for (rank, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
            running = max(running, min(1, values[index] * Double(values.count - rank)))
            corrected[index] = running
        }
        return corrected
    }
}
