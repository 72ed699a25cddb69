/// Gradient boosting (Friedman 2001) with second derivatives and histograms, leaf by leaf.
struct BoostedTreesTrainer {
    let features: [Feature]
    let columns: [BoundColumn]
    /// The rows that have an outcome, and the outcomes.
    let rows: [Int]
    let target: [Double]
    let task: LearningTask
    let parameters: TrainingParameters
    let seed: UInt64
    let pool: WorkerPool

    private static let chunk = 16_384

    func train(
        _ progress: (TrainingProgress) -> Bool
    ) throws(LearningError) -> BoostedTrees {
        guard rows.count < GradientScale.maximumRows else {
            throw LearningError(
                .badData,
                "boosted trees take fewer than \(GradientScale.maximumRows) rows; these are "
                    + "\(rows.count): train on a sample")
        }
        let table = BinnedTable(
            features: features, table: columns, rows: rows, maximumBins: parameters.int(.bins),
            seed: seed, pool: pool)
        let gradients = Buffer<GradientScale.Pair>(repeating: .zero, count: rows.count)
        let grower = TreeGrower(
            table: table, gradients: gradients, parameters: parameters, pool: pool)
        let base = baseScore()
        let scores = Buffer<Double>(repeating: base, count: rows.count)
        let count = parameters.int(.trees)
        var random = SplitMix64(seed: seed)
        var trees: [Tree] = []
        for round in 0..<count {
            guard progress(TrainingProgress(done: round, total: count)) else {
                throw LearningError(.cancelled, "training was cancelled after \(round) trees")
            }
            guard let scale = differentiate(scores, into: gradients) else { break }
            let grown = grower.grow(scale: scale, columns: columnsOfTree(&random))
            if grown.tree.nodes.isEmpty {
                // No split helps. That stays so, unless the next tree may use other columns.
                if parameters[.columnFraction] < 1 { continue }
                break
            }
            trees.append(grown.tree)
            pool.run(parts: grown.ranges.count) { leaf in
                let value = grown.tree.leaves[leaf]
                for index in grown.ranges[leaf] {
                    scores.base[Int(grower.rows.base[index])] += value
                }
            }
        }
        _ = progress(TrainingProgress(done: count, total: count))
        return BoostedTrees(base: base, trees: trees)
    }

    /// The best answer without looking at any column.
    private func baseScore() -> Double {
        let mean = runningMean(target)
        switch task {
        case .regression: return mean
        case .binaryClassification: return logarithm(mean / (1 - mean))
        }
    }

    /// The derivatives of the loss at the scores. Nil when every row is met exactly.
    private func differentiate(
        _ scores: Buffer<Double>, into gradients: Buffer<GradientScale.Pair>
    ) -> GradientScale? {
        let parts = (rows.count + Self.chunk - 1) / Self.chunk
        func range(_ part: Int) -> Range<Int> {
            part * Self.chunk..<min(rows.count, (part + 1) * Self.chunk)
        }
        switch task {
        case .binaryClassification:
            let scale = GradientScale(
                rows: rows.count, largestGradient: 1, largestHessian: 0.25)
            target.withUnsafeBufferPointer { target in
                pool.run(parts: parts) { part in
                    logisticPairs(range(part), scores.base, target, gradients.base, scale)
                }
            }
            return scale
        case .regression:
            let largest = Buffer<Double>(repeating: 0, count: parts)
            target.withUnsafeBufferPointer { target in
                pool.run(parts: parts) { part in
                    var most = 0.0
                    for row in range(part) { most = max(most, abs(scores.base[row] - target[row])) }
                    largest.base[part] = most
                }
            }
            let most = withExtendedLifetime(largest) {
                (0..<parts).reduce(0) { max($0, largest.base[$1]) }
            }
            guard most > 1e-290 else { return nil }
            let scale = GradientScale(rows: rows.count, largestGradient: most, largestHessian: 1)
            target.withUnsafeBufferPointer { target in
                pool.run(parts: parts) { part in
                    for row in range(part) {
                        gradients.base[row] = scale.pair(scores.base[row] - target[row], 1)
                    }
                }
            }
            return scale
        }
    }

    /// The derivatives of the logistic loss for some rows.
    private func logisticPairs(
        _ range: Range<Int>, _ scores: UnsafePointer<Double>,
        _ target: UnsafeBufferPointer<Double>,
        _ pairs: UnsafeMutablePointer<GradientScale.Pair>, _ scale: GradientScale
    ) {
        var row = range.lowerBound
        while row + 4 <= range.upperBound {
            let p = sigmoid(
                UnsafeRawPointer(scores + row).loadUnaligned(as: SIMD4<Double>.self))
            let curvature = p * (1 - p)
            for lane in 0..<4 {
                pairs[row + lane] = scale.pair(p[lane] - target[row + lane], curvature[lane])
            }
            row += 4
        }
        for row in row..<range.upperBound {
            let p = sigmoid(scores[row])
            pairs[row] = scale.pair(p - target[row], p * (1 - p))
        }
    }

    /// The columns that the next tree may use, in rising order.
    private func columnsOfTree(_ random: inout SplitMix64) -> [Int] {
        let fraction = parameters[.columnFraction]
        let all = Array(features.indices)
        guard fraction < 1 else { return all }
        let count = max(1, Int((Double(all.count) * fraction).rounded()))
        var shuffled = all
        for index in 0..<count {
            shuffled.swapAt(index, index + random.below(all.count - index))
        }
        return shuffled.prefix(count).sorted()
    }
}

/// The mean, without a sum that could overflow.
func runningMean(_ values: [Double]) -> Double {
    var mean = 0.0
    for (index, value) in values.enumerated() { mean += (value - mean) / Double(index + 1) }
    return mean
}
