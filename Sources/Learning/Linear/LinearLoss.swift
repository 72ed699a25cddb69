/// The penalised loss of a linear model and its derivatives.
struct LinearLoss {
    struct Derivatives {
        let weights: [Double]
        let value: Double
        let gradient: [Double]
        /// Lower triangle in rows of `width`; empty when the problem is too wide for it.
        let hessian: [Double]
        /// Second derivative of each row's loss, for products with the Hessian; empty otherwise.
        let curvatures: Buffer<Double>?
    }

    let design: LinearDesign
    let target: [Double]
    let task: LearningTask
    let l2: Double
    let pool: WorkerPool
    /// Wider problems are solved by conjugate gradients, without the matrix of second derivatives.
    var widestMatrix = 1024

    private static let chunk = 512

    private var width: Int { design.width }
    private var usesMatrix: Bool { width <= widestMatrix }
    /// Depends on the rows alone, so that the sums do not depend on the threads.
    private var stretches: Int { max(1, min(8, target.count / 8192)) }

    private func stretch(_ part: Int) -> Range<Int> {
        target.count * part / stretches..<target.count * (part + 1) / stretches
    }

    func derivatives(at weights: [Double]) -> Derivatives {
        let matrixSize = usesMatrix ? width * width : 0
        let curvatures = usesMatrix ? nil : Buffer<Double>(repeating: 0, count: target.count)
        let sums = (0..<stretches).map { _ in
            Buffer<Double>(repeating: 0, count: 1 + width + matrixSize)
        }
        weights.withUnsafeBufferPointer { weights in
            guard let weights = weights.baseAddress else { return }
            pool.run(parts: stretches) { part in
                accumulate(stretch(part), weights, into: sums[part].base, curvatures)
            }
        }
        let total = sum(sums)
        var value = total[0]
        var gradient = Array(total[1...width])
        for index in 1..<max(1, width) {
            value += l2 / 2 * weights[index] * weights[index]
            gradient[index] += l2 * weights[index]
        }
        return Derivatives(
            weights: weights, value: value, gradient: gradient,
            hessian: Array(total[(1 + width)...]), curvatures: curvatures)
    }

    /// Adds up what the stretches gave, in their order.
    private func sum(_ parts: [Buffer<Double>]) -> [Double] {
        var total = [Double](repeating: 0, count: parts.first?.count ?? 0)
        for part in parts {
            withExtendedLifetime(part) {
                for index in total.indices { total[index] += part.base[index] }
            }
        }
        return total
    }

    /// Adds loss, gradient and second derivatives of some rows to `sums`, in this order.
    private func accumulate(
        _ range: Range<Int>, _ weights: UnsafePointer<Double>,
        into sums: UnsafeMutablePointer<Double>,
        _ curvatures: Buffer<Double>?
    ) {
        let entryCount = design.features.count
        let gradient = sums + 1
        let hessian = gradient + width
        forEachChunk(range) { chunk, columns, entries in
            for position in chunk {
                let start = (position - chunk.lowerBound) * entryCount
                let columns = columns + start
                let entries = entries + start
                var margin = weights[0]
                for k in 0..<entryCount { margin += weights[Int(columns[k])] * entries[k] }
                let (loss, slope, curvature) = rowLoss(margin, target[position])
                sums[0] += loss
                gradient[0] += slope
                for k in 0..<entryCount { gradient[Int(columns[k])] += slope * entries[k] }
                if let curvatures {
                    curvatures.base[position] = curvature
                    continue
                }
                hessian[0] += curvature
                for k in 0..<entryCount {
                    let row = hessian + Int(columns[k]) &* width
                    let factor = curvature * entries[k]
                    row[0] += factor
                    for j in 0...k { row[Int(columns[j])] += factor * entries[j] }
                }
            }
        }
    }

    /// Loss, first and second derivative at a margin.
    @inline(__always)
    private func rowLoss(_ margin: Double, _ outcome: Double) -> (Double, Double, Double) {
        switch task {
        case .regression:
            let residual = margin - outcome
            return (residual * residual / 2, residual, 1)
        case .binaryClassification:
            let (loss, p) = logistic(margin)
            return (loss - outcome * margin, p - outcome, p * (1 - p))
        }
    }

    private func forEachChunk(
        _ range: Range<Int>,
        _ body: (Range<Int>, UnsafePointer<UInt32>, UnsafePointer<Double>) -> Void
    ) {
        let size = Self.chunk * design.features.count
        let columns = Buffer<UInt32>(repeating: 0, count: size)
        let entries = Buffer<Double>(repeating: 0, count: size)
        withExtendedLifetime((columns, entries)) {
            var start = range.lowerBound
            while start < range.upperBound {
                let chunk = start..<min(range.upperBound, start + Self.chunk)
                design.encode(chunk, columns: columns.base, entries: entries.base)
                body(chunk, columns.base, entries.base)
                start = chunk.upperBound
            }
        }
    }

    /// The step d with H d = gradient.
    func newtonStep(from here: Derivatives) -> [Double] {
        guard usesMatrix else { return conjugateGradients(here) }
        var matrix = here.hessian
        var largest = 0.0
        for index in 0..<width {
            if index > 0 { matrix[index * width + index] += l2 }
            largest = max(largest, matrix[index * width + index])
        }
        // Columns that say the same leave directions without curvature; this keeps them still.
        let ridge = max(largest, .leastNormalMagnitude) * 1e-13
        for index in 0..<width { matrix[index * width + index] += ridge }
        return solve(&matrix, width: width, here.gradient)
    }

    /// Solves H d = gradient by products with H alone, preconditioned by its diagonal.
    private func conjugateGradients(_ here: Derivatives) -> [Double] {
        guard let curvatures = here.curvatures else { return here.gradient }
        let ones = [Double](repeating: 1, count: width)
        let diagonal = product(ones, curvatures, squared: true).map { max($0, 1e-12) }
        var solution = [Double](repeating: 0, count: width)
        var residual = here.gradient
        var scaled = zip(residual, diagonal).map { $0 / $1 }
        var direction = scaled
        var energy = dot(residual, scaled)
        let goal = energy * 1e-8
        for _ in 0..<200 where energy > goal {
            let image = product(direction, curvatures, squared: false)
            let curvature = dot(direction, image)
            guard curvature > 0 else { break }
            let length = energy / curvature
            for index in 0..<width {
                solution[index] += length * direction[index]
                residual[index] -= length * image[index]
            }
            scaled = zip(residual, diagonal).map { $0 / $1 }
            let next = dot(residual, scaled)
            for index in 0..<width {
                direction[index] = scaled[index] + next / energy * direction[index]
            }
            energy = next
        }
        return solution
    }

    /// H times a vector; or, with the entries squared and ones, the diagonal of H.
    private func product(
        _ vector: [Double], _ curvatures: Buffer<Double>, squared: Bool
    ) -> [Double] {
        let sums = (0..<stretches).map { _ in Buffer<Double>(repeating: 0, count: width) }
        let entryCount = design.features.count
        pool.run(parts: stretches) { part in
            let products = sums[part].base
            forEachChunk(stretch(part)) { chunk, columns, entries in
                for position in chunk {
                    let start = (position - chunk.lowerBound) * entryCount
                    var image = vector[0]
                    for k in start..<start + entryCount where !squared {
                        image += vector[Int(columns[k])] * entries[k]
                    }
                    image *= curvatures.base[position]
                    products[0] += image
                    for k in start..<start + entryCount {
                        let entry = squared ? entries[k] * entries[k] : entries[k]
                        products[Int(columns[k])] += image * entry
                    }
                }
            }
        }
        var total = sum(sums)
        for index in 1..<max(1, width) { total[index] += l2 * vector[index] }
        return total
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
