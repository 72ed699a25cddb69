/// Solves A x = b for a symmetric, positive definite A, given by its lower triangle in rows of
/// `width`, which is overwritten by its Cholesky factor.
///
/// A direction in which A is not positive (rounding, or columns that say the same) gets 0.
func solve(_ matrix: inout [Double], width: Int, _ right: [Double]) -> [Double] {
    var x = right
    matrix.withUnsafeMutableBufferPointer { a in
        for i in 0..<width {
            for j in 0...i {
                var sum = a[i * width + j]
                for k in 0..<j { sum -= a[i * width + k] * a[j * width + k] }
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
