/// Minimises the sum of losses plus `l2` / 2 times the squared coefficients (not the intercept's) by
/// Newton's method with a backtracking line search.
///
/// Rows are summed in stretches whose number depends on the data alone, and the stretches in order:
/// the result has the same bits whatever the number of threads.
struct LinearTrainer {
    let design: LinearDesign
    let target: [Double]
    let task: LearningTask
    let parameters: TrainingParameters
    let pool: WorkerPool

    func train(
        _ progress: (TrainingProgress) -> Bool
    ) throws(LearningError) -> LinearModel {
        let loss = LinearLoss(
            design: design, target: target, task: task, l2: parameters[.l2], pool: pool)
        let limit = parameters.int(.maximumIterations)
        var weights = [Double](repeating: 0, count: design.width)
        let mean = runningMean(target)
        weights[0] = task == .regression ? mean : logarithm(mean / (1 - mean))
        var here = loss.derivatives(at: weights)
        // The loss of a regression has the unit of the target squared; that of a classification none.
        let unit =
            task == .regression ? max(here.value, .leastNormalMagnitude) : Double(target.count)
        for iteration in 0..<limit {
            guard progress(TrainingProgress(done: iteration, total: limit)) else {
                throw LearningError(
                    .cancelled, "training was cancelled after \(iteration) iterations")
            }
            let step = loss.newtonStep(from: here)
            let slope = zip(step, here.gradient).reduce(0) { $0 + $1.0 * $1.1 }
            guard slope.isFinite, slope / 2 > parameters[.tolerance] * unit else { break }
            guard let next = backtrack(loss, from: here, step: step, slope: slope) else { break }
            here = next
        }
        _ = progress(TrainingProgress(done: limit, total: limit))
        guard here.weights.allSatisfy({ abs($0) <= Portable.largestNumber }) else {
            throw LearningError(
                .badData, "the coefficients grow without bound; raise the parameter \"l2\"")
        }
        return design.model(weights: here.weights)
    }

    /// Goes along the step, half as far each time, until the loss falls as much as it should.
    private func backtrack(
        _ loss: LinearLoss, from here: LinearLoss.Derivatives, step: [Double], slope: Double
    ) -> LinearLoss.Derivatives? {
        var length = 1.0
        for _ in 0..<30 {
            let weights = zip(here.weights, step).map { $0 - length * $1 }
            let next = loss.derivatives(at: weights)
            if next.value <= here.value - 1e-4 * length * slope { return next }
            length /= 2
        }
        return nil
    }
}
