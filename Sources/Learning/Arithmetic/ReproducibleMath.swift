// Exponential and logarithm from additions and multiplications alone. The C library picks a
// variant by processor, whose last bit may differ; these give the same bits everywhere, so a model
// trained again on another machine has the same bytes.

/// e^x for any x: 0 below -745, the largest finite number above 709. Relative error below 4e-16.
@inline(__always)
func exponential(_ x: Double) -> Double {
    if x > 709 { return Double.greatestFiniteMagnitude }
    if !(x > -708) { return x.isNaN ? x : 0 }
    // x = k ln 2 + r with |r| <= 0.35; ln 2 in two parts so that k times the first is exact.
    // Adding 1.5 * 2^52 rounds to a whole number, and leaves it in the low bits.
    let shifted = x * 1.4426950408889634 + 6_755_399_441_055_744
    let k = shifted - 6_755_399_441_055_744
    let r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    // Taylor series to r^13 / 13!; the next term is below 2e-17.
    var sum = 1.6059043836821613e-10
    sum = sum * r + 2.08767569878681e-09
    sum = sum * r + 2.505210838544172e-08
    sum = sum * r + 2.755731922398589e-07
    sum = sum * r + 2.7557319223985893e-06
    sum = sum * r + 2.48015873015873e-05
    sum = sum * r + 0.0001984126984126984
    sum = sum * r + 0.001388888888888889
    sum = sum * r + 0.008333333333333333
    sum = sum * r + 0.041666666666666664
    sum = sum * r + 0.16666666666666666
    sum = sum * r + 0.5
    let value = 1 + (r + r * r * sum)
    // k is within [-1021, 1023], so the scale is a normal number.
    return value * Double(bitPattern: (shifted.bitPattern &+ 1023) &<< 52)
}

/// The natural logarithm of a positive finite number.
func logarithm(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return x == 0 ? -Double.infinity : x }
    // x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m - 1) / (m + 1)).
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
        m /= 2
        exponent += 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    // s is at most 0.172, so the terms after s^23 / 23 are below 1e-19.
    var sum = square / 23 + 1 / 21
    sum = sum * square + 1 / 19
    sum = sum * square + 1 / 17
    sum = sum * square + 1 / 15
    sum = sum * square + 1 / 13
    sum = sum * square + 1 / 11
    sum = sum * square + 1 / 9
    sum = sum * square + 1 / 7
    sum = sum * square + 1 / 5
    sum = sum * square + 1 / 3
    let fraction = 2 * (s + s * square * sum)
    return exponent * 6.93147180369123816490e-01
        + (fraction + exponent * 1.90821492927058770002e-10)
}

/// 1 / (1 + e^-x).
@inline(__always)
func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }

/// 1 / (1 + e^-x) four at a time, for |x| up to 700, beyond which x is taken for that; the same bits
/// as one at a time. Many times faster where there are many.
@inline(__always)
func sigmoid(_ x: SIMD4<Double>) -> SIMD4<Double> {
    let limit = SIMD4<Double>(repeating: 700)
    var y = -x
    y.replace(with: limit, where: y .> limit)
    y.replace(with: -limit, where: y .< -limit)
    let shift = SIMD4<Double>(repeating: 6_755_399_441_055_744)
    let shifted = y * 1.4426950408889634 + shift
    let k = shifted - shift
    let r = (y - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    var sum = r * 1.6059043836821613e-10 + 2.08767569878681e-09
    sum = sum * r + 2.505210838544172e-08
    sum = sum * r + 2.755731922398589e-07
    sum = sum * r + 2.7557319223985893e-06
    sum = sum * r + 2.48015873015873e-05
    sum = sum * r + 0.0001984126984126984
    sum = sum * r + 0.001388888888888889
    sum = sum * r + 0.008333333333333333
    sum = sum * r + 0.041666666666666664
    sum = sum * r + 0.16666666666666666
    sum = sum * r + 0.5
    let bits = (unsafeBitCast(shifted, to: SIMD4<UInt64>.self) &+ 1023) &<< 52
    let exponential = (1 + (r + r * r * sum)) * unsafeBitCast(bits, to: SIMD4<Double>.self)
    return 1 / (1 + exponential)
}

/// log(1 + e^x), the logistic loss of a negative row, and 1 / (1 + e^-x), its derivative.
@inline(__always)
func logistic(_ x: Double) -> (loss: Double, probability: Double) {
    let tail = exponential(-abs(x))
    let share = 1 / (1 + tail)
    // Below 1e-8 the logarithm's argument would round; its series is exact there.
    let loss = (x > 0 ? x : 0) + (tail < 1e-8 ? tail : logarithm(1 + tail))
    return (loss, x > 0 ? share : tail * share)
}

/// splitmix64 (Steele, Lea, Flood 2014): a seeded stream of 64-bit numbers, the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SplitMix64.mix(state)
    }

    static func mix(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A whole number below `bound`, by the high half of a product: bias below bound / 2^64.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
