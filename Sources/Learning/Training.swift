package import Tabular

/// How far a training is.
package struct TrainingProgress: Hashable, Sendable {
    package let done: Int
    package let total: Int
}

/// Trains a model on all columns of a table.
///
/// The same table, target, parameters and seed give the same bytes of model, whatever the number of
/// threads. A row whose target is NaN has no outcome and is left out.
///
/// - Parameters:
///   - target: a value for each row; 0 or 1 for a classification.
///   - description: the target's name, and for a classification the names of its two classes.
///   - threads: how many to use, the calling one included.
///   - progress: called on the calling thread before each step; false stops the training.
/// - Throws: `badData` when nothing can be learned, `badParameter` when the algorithm does not serve
///   the task or the parameters are another algorithm's, `cancelled`.
package func train(
    _ algorithm: Algorithm, table: Table, target: [Double], task: LearningTask,
    description: TargetDescription, parameters: TrainingParameters, seed: UInt64 = 0,
    threads: Int = 1, progress: (TrainingProgress) -> Bool = { _ in true }
) throws(LearningError) -> Model {
    guard algorithm.serves(task) else {
        throw LearningError(
            .badParameter, "\(algorithm.rawValue) does not learn a \(task.rawValue) target")
    }
    guard parameters.algorithm == algorithm else {
        throw LearningError(
            .badParameter,
            "these parameters are for \(parameters.algorithm.rawValue), not \(algorithm.rawValue)")
    }
    guard description.classes.count == (task == .binaryClassification ? 2 : 0) else {
        throw LearningError(
            .badParameter, "\(description.classes.count) classes do not fit \(task.rawValue)")
    }
    try check(table)
    let rows = try outcomeRows(target, table: table, task: task, name: description.name)
    var isUsed = [Bool](repeating: false, count: table.rowCount)
    for row in rows { isUsed[row] = true }
    let outcomes = rows.map { target[$0] }
    let maximumLevels = parameters.int(.maximumLevels)
    let features = table.columns.map {
        Feature.fitted(to: $0, rows: isUsed, maximumLevels: maximumLevels)
    }
    var columns: [BoundColumn] = []
    for feature in features { columns.append(try feature.bound(to: table)) }
    let pool = WorkerPool(threads: threads)
    let body: Model.Body
    switch algorithm {
    case .boostedTrees:
        let trainer = BoostedTreesTrainer(
            features: features, columns: columns, rows: rows, target: outcomes, task: task,
            parameters: parameters, seed: seed, pool: pool)
        body = .trees(try trainer.train(progress))
    case .logisticRegression, .linearRegression:
        let design = try LinearDesign(features: features, values: columns, rows: rows, pool: pool)
        let trainer = LinearTrainer(
            design: design, target: outcomes, task: task, parameters: parameters, pool: pool)
        body = .linear(try trainer.train(progress))
    }
    return Model(
        task: task, target: description, features: features, body: body,
        training: TrainingRecord(rows: rows.count, seed: seed, parameters: parameters))
}

private func check(_ table: Table) throws(LearningError) {
    guard !table.columns.isEmpty else {
        throw LearningError(.badData, "the table has no columns to learn from")
    }
    guard table.columns.count <= Portable.featureCount else {
        throw LearningError(
            .badData,
            "the table has \(table.columns.count) columns; at most \(Portable.featureCount) are used"
        )
    }
    var names: Set<String> = []
    for column in table.columns where !names.insert(column.name).inserted {
        throw LearningError(.badData, "two columns have the name \"\(column.name)\"")
    }
}

/// The rows that have an outcome, after checking that the outcomes can be learned.
private func outcomeRows(
    _ target: [Double], table: Table, task: LearningTask, name: String
) throws(LearningError) -> [Int] {
    guard target.count == table.rowCount else {
        throw LearningError(
            .badData, "the target has \(target.count) values for \(table.rowCount) rows")
    }
    let rows = target.indices.filter { !target[$0].isNaN }
    guard rows.count >= 2 else {
        throw LearningError(
            .badData, "only \(rows.count) rows have a value of the target \"\(name)\"")
    }
    switch task {
    case .binaryClassification:
        var positives = 0
        for row in rows {
            guard target[row] == 0 || target[row] == 1 else {
                throw LearningError(
                    .badData, "row \(row) of the target \"\(name)\" is \(target[row]), not 0 or 1")
            }
            positives += target[row] == 1 ? 1 : 0
        }
        guard positives > 0, positives < rows.count else {
            throw LearningError(
                .badData,
                "all \(rows.count) rows have the same class of \"\(name)\": nothing to tell apart")
        }
    case .regression:
        for row in rows where abs(target[row]) > 1e100 {
            throw LearningError(
                .badData, "row \(row) of the target \"\(name)\" is \(target[row]), beyond 1e100")
        }
    }
    return rows
}
