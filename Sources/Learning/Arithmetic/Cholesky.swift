/// Solves A x = b for a symmetric, positive definite A, given by its lower triangle in rows of
/// `width`, which is overwritten by its Cholesky factor.
///
/// A direction in which A is not positive (rounding, or columns that say the same) gets 0.
func solve(_ matrix: inout [Double], width: Int, _ right: [Double]) -> [Double] {
    var x = right
    matrix.withUnsafeMutableBufferPointer { a in
        for i in 0..<width {
            for j in 0...i {
                let sum = a[i * width + j] - product(a, i * width, j * width, length: j)
                if i != j {
                    a[i * width + j] = sum / a[j * width + j]
                } else {
                    // An infinite pivot makes the row's share of the solution 0.
                    a[i * width + i] = sum > 0 ? sum.squareRoot() : .infinity
                }
            }
        }
        for i in 0..<width {
            for k in 0..<i { x[i] -= a[i * width + k] * x[k] }
            x[i] /= a[i * width + i]
        }
        for i in (0..<width).reversed() {
            for k in (i + 1)..<width { x[i] -= a[k * width + i] * x[k] }
            x[i] /= a[i * width + i]
        }
    }
    return x
}

/// The scalar product of two stretches of a matrix, as four sums side by side.
private func product(
    _ a: UnsafeMutableBufferPointer<Double>, _ first: Int, _ second: Int, length: Int
) -> Double {
    guard let base = a.baseAddress else { return 0 }
    let x = UnsafeRawPointer(base + first)
    let y = UnsafeRawPointer(base + second)
    var sums = SIMD4<Double>.zero
    var k = 0
    while k + 4 <= length {
        sums +=
            x.loadUnaligned(fromByteOffset: k * 8, as: SIMD4<Double>.self)
            * y.loadUnaligned(fromByteOffset: k * 8, as: SIMD4<Double>.self)
        k += 4
    }
    var rest = 0.0
    while k < length {
        rest += base[first + k] * base[second + k]
        k += 1
    }
    return sums.sum() + rest
}
