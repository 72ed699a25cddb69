/// First and second derivatives of the loss in whole numbers.
///
/// Sums of whole numbers do not depend on the order of addition. So a histogram has the same bits
/// whatever the number of threads, and a sibling's histogram is exactly the parent's minus the
/// other child's. A pair is two 64-bit lanes:
///
/// | lane | holds |
/// |---|---|
/// | 0 | the first derivative times `gradientScale`, signed |
/// | 1 | rows in the upper bits from `countShift` up; the second derivative times `hessianScale` below |
///
/// The scales are powers of two chosen from the number of rows, so that no sum can overflow: with a
/// million rows a first derivative has 42 bits and a second one 22; never more than 50.
struct GradientScale {
    typealias Pair = SIMD2<Int64>

    /// Rows that leave at least twelve bits to a second derivative.
    static let maximumRows = 1 << 25

    let gradientScale: Double
    let hessianScale: Double
    let countShift: Int64

    /// - Parameters:
    ///   - largestGradient: above zero and finite; no first derivative is beyond it.
    ///   - largestHessian: above zero; no second derivative is beyond it.
    init(rows: Int, largestGradient: Double, largestHessian: Double) {
        let rowBits = Int.bitWidth - max(rows, 1).leadingZeroBitCount
        gradientScale = GradientScale.powerOfTwo(
            below: largestGradient, bits: min(50, 62 - rowBits))
        let hessianBits = min(50, 62 - 2 * rowBits)
        hessianScale = GradientScale.powerOfTwo(below: largestHessian, bits: hessianBits)
        countShift = Int64(hessianBits + rowBits)
    }

    /// The largest power of two that takes `value` to at most 2^bits.
    private static func powerOfTwo(below value: Double, bits: Int) -> Double {
        let exponent = bits - Int(value.exponent) - 1
        return Double(sign: .plus, exponent: max(-1000, min(1000, exponent)), significand: 1)
    }

    @inline(__always)
    func pair(_ gradient: Double, _ hessian: Double) -> Pair {
        Pair(
            wholeNumber(gradient * gradientScale),
            wholeNumber(hessian * hessianScale) &+ (1 &<< countShift))
    }

    /// The nearest whole number, for numbers within 2^51: adding 1.5 * 2^52 leaves it in the low bits.
    /// Unlike a conversion it has no branch and cannot trap.
    @inline(__always)
    private func wholeNumber(_ value: Double) -> Int64 {
        let shift = 6_755_399_441_055_744.0
        return Int64(bitPattern: (value + shift).bitPattern &- shift.bitPattern)
    }

    @inline(__always)
    func sums(_ pair: Pair) -> LeafSums {
        let count = pair[1] &>> countShift
        return LeafSums(
            gradient: Double(pair[0]) / gradientScale,
            hessian: Double(pair[1] &- (count &<< countShift)) / hessianScale,
            count: Int(count))
    }
}

/// Sums over the rows of a leaf, or of one side of a split.
struct LeafSums {
    var gradient: Double
    var hessian: Double
    var count: Int

    /// Twice what the loss falls by when the rows get their best common value.
    @inline(__always)
    func score(_ l2: Double) -> Double {
        hessian + l2 > 0 ? gradient * gradient / (hessian + l2) : 0
    }

    /// The common value that makes the loss least: one Newton step.
    func value(_ l2: Double) -> Double { hessian + l2 > 0 ? -gradient / (hessian + l2) : 0 }
}
