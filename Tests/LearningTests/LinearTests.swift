import Tabular
import Testing

@testable import Learning

/// Eight rows whose fits are known from scikit-learn 1.7: `StandardScaler` with
/// `LogisticRegression(C=1)` and `Ridge(alpha=1)`.
private let reference = Table(
    columns: [
        Column(name: "a", values: .numeric([0.5, 1.5, 2, 3.1, 4.2, 5, 6.3, 7.7])),
        Column(name: "b", values: .numeric([1, -2, 0.3, 4, -1, 2.5, 0, 1.1])),
    ], rowCount: 8)

struct LinearTests {
    private func linear(_ model: Model) throws -> LinearModel {
        guard case .linear(let linear) = model.body else {
            throw LearningError(.badModel, "a linear model was expected")
        }
        return linear
    }

    private func isNear(
        _ term: LinearModel.Term, mean: Double, scale: Double, _ slope: Double
    )
        -> Bool
    {
        guard case .numeric(let m, let s, let coefficient, let missing) = term else { return false }
        return abs(m - mean) < 1e-8 && abs(s - scale) < 1e-8 && abs(coefficient - slope) < 1e-7
            && missing == 0
    }

    @Test func `logistic regression finds the coefficients of scikit-learn`() throws {
        let model = try train(
            .logisticRegression, table: reference, target: [0, 0, 1, 0, 1, 1, 0, 1],
            task: .binaryClassification, description: yesOrNo,
            parameters: TrainingParameters(for: .logisticRegression))
        let linear = try linear(model)
        #expect(abs(linear.intercept - 0.0037872) < 1e-6)
        #expect(isNear(linear.terms[0], mean: 3.7875, scale: 2.31756203, 0.56257724))
        #expect(isNear(linear.terms[1], mean: 0.7375, scale: 1.77477992, -0.06480048))
    }

    @Test func `linear regression finds the coefficients of scikit-learn`() throws {
        let model = try train(
            .linearRegression, table: reference, target: [1, 2, 2.5, 7, 4, 9, 6, 10],
            task: .regression, description: amount,
            parameters: TrainingParameters(for: .linearRegression))
        let linear = try linear(model)
        #expect(abs(linear.intercept - 5.1875) < 1e-12)
        #expect(isNear(linear.terms[0], mean: 3.7875, scale: 2.31756203, 2.21281445))
        #expect(isNear(linear.terms[1], mean: 0.7375, scale: 1.77477992, 1.24851413))
    }

    @Test func `without a penalty a line is found exactly`() throws {
        var parameters = TrainingParameters(for: .linearRegression)
        try parameters.set(.l2, to: 0)
        let values = (0..<20).map(Double.init)
        let table = Table(columns: [Column(name: "x", values: .numeric(values))], rowCount: 20)
        let model = try train(
            .linearRegression, table: table, target: values.map { 3 * $0 - 4 }, task: .regression,
            description: amount, parameters: parameters)
        for (answer, x) in zip(try model.predict(table), values) {
            #expect(abs(answer - (3 * x - 4)) < 1e-10)
        }
        #expect(abs(try model.predict(row: [.number(100)]) - 296) < 1e-9)
    }

    private func loss(
        _ sample: Sample, _ task: LearningTask, widest: Int = 1024
    ) throws -> LinearLoss {
        let rows = Array(0..<sample.table.rowCount)
        let used = rows.map { _ in true }
        let features = sample.table.columns.map {
            Feature.fitted(to: $0, rows: used, maximumLevels: 2)
        }
        let values = try features.map { try $0.bound(to: sample.table) }
        let pool = WorkerPool(threads: 1)
        let design = try LinearDesign(features: features, values: values, rows: rows, pool: pool)
        return LinearLoss(
            design: design, target: task == .regression ? sample.amounts : sample.labels,
            task: task, l2: 0.7, pool: pool, widestMatrix: widest)
    }

    @Test(arguments: LearningTask.allCases)
    func `gradient and second derivatives are those of the loss`(task: LearningTask) throws {
        let loss = try loss(Sample(rows: 60), task)
        var random = TestRandom(9)
        let weights = (0..<loss.design.width).map { _ in random.normal() / 2 }
        let here = loss.derivatives(at: weights)
        for index in weights.indices {
            var (up, down) = (weights, weights)
            up[index] += 1e-5
            down[index] -= 1e-5
            let (above, below) = (loss.derivatives(at: up), loss.derivatives(at: down))
            #expect(abs((above.value - below.value) / 2e-5 - here.gradient[index]) < 1e-5)
            for other in 0...index {
                var second = here.hessian[index * weights.count + other]
                if index == other, index > 0 { second += 0.7 }
                let slope = (above.gradient[other] - below.gradient[other]) / 2e-5
                #expect(abs(slope - second) < 1e-5)
            }
        }
    }

    @Test func `conjugate gradients take the step that the matrix gives`() throws {
        let (sample, task) = (Sample(rows: 80), LearningTask.binaryClassification)
        let byMatrix = try loss(sample, task)
        let byProducts = try loss(sample, task, widest: 0)
        let weights = [Double](repeating: 0.1, count: byMatrix.design.width)
        let step = byMatrix.newtonStep(from: byMatrix.derivatives(at: weights))
        let other = byProducts.newtonStep(from: byProducts.derivatives(at: weights))
        for (a, b) in zip(step, other) { #expect(abs(a - b) < 1e-3 * max(abs(a), 0.1)) }
    }

    @Test func `at the minimum the gradient is zero, and the model answers as the loss saw it`()
        throws
    {
        let sample = Sample(rows: 120)
        let loss = try loss(sample, .binaryClassification)
        var parameters = TrainingParameters(for: .logisticRegression)
        try parameters.set(.l2, to: 0.7)
        try parameters.set(.tolerance, to: 1e-15)
        let trainer = LinearTrainer(
            design: loss.design, target: sample.labels, task: .binaryClassification,
            parameters: parameters, pool: WorkerPool(threads: 1))
        let body = try trainer.train { _ in true }
        let model = Model(
            task: .binaryClassification, target: yesOrNo, features: loss.design.features,
            body: .linear(body),
            training: TrainingRecord(rows: 120, seed: 0, parameters: parameters))
        let answers = try model.predict(sample.table)
        let penalty = body.terms.reduce(0) { sum, term in
            switch term {
            case .numeric(_, _, let coefficient, let missing):
                sum + coefficient * coefficient + missing * missing
            case .categorical(let coefficients): sum + coefficients.reduce(0) { $0 + $1 * $1 }
            }
        }
        let metrics = try evaluate(answers, outcomes: sample.labels, task: .binaryClassification)
        let value = try #require(metrics[.logLoss]) * 120 + 0.35 * penalty
        // No small step from the minimum lowers the loss.
        var weights = [Double](repeating: 0, count: loss.design.width)
        weights[0] = body.intercept
        #expect(value < loss.derivatives(at: weights).value)
        // The residuals of a model with a free intercept sum to zero.
        #expect(abs(zip(answers, sample.labels).reduce(0) { $0 + $1.0 - $1.1 }) < 1e-6)
    }
}
