import Tabular
import Testing

@testable import Learning

/// Data as it comes: each gives a clear error or a model whose answers are finite.
struct BadDataTests {
    private func table(_ columns: [Column.Values]) -> Table {
        let named = columns.enumerated().map { Column(name: "c\($0)", values: $1) }
        return Table(columns: named, rowCount: named.first?.count ?? 0)
    }

    private func learn(
        _ algorithm: Algorithm, _ table: Table, _ target: [Double], l2: Double? = nil
    ) throws(LearningError) -> Model {
        let task: LearningTask =
            algorithm == .linearRegression ? .regression : .binaryClassification
        var parameters = TrainingParameters(for: algorithm)
        if let l2 { try parameters.set(.l2, to: l2) }
        if algorithm == .boostedTrees {
            try parameters.set(.trees, to: 3)
            try parameters.set(.minimumRowsPerLeaf, to: 1)
            try parameters.set(.minimumHessian, to: 0)
        }
        return try train(
            algorithm, table: table, target: target, task: task,
            description: task == .regression ? amount : yesOrNo, parameters: parameters)
    }

    private static let odd: [Column.Values] = [
        .numeric([5, 5, 5, 5, 5, 5]),
        .numeric([.nan, .nan, .nan, .nan, .nan, .nan]),
        .numeric([.leastNonzeroMagnitude, 0, 0, .leastNormalMagnitude, 0, 0]),
        .numeric([1e99, -1e99, 1, 0, 1e99, 2]),
        .numeric([.nan, 1, .nan, .infinity, 2, -.infinity]),
        .numeric([1_000_000_000, 1_000_000_000.0000001, 1e9, 1e9, 1e9, 1e9]),
        .categorical(codes: [-1, -1, -1, -1, -1, -1], levels: []),
        .categorical(codes: [0, 0, 0, 0, 0, 0], levels: ["only"]),
        .categorical(codes: [0, 1, 2, 3, 4, 5], levels: ["a", "b", "c", "d", "e", "f"]),
        .categorical(codes: [7, -3, 0, 1, 0, 1], levels: ["x", "x"]),
    ]

    @Test(arguments: Algorithm.allCases, 0...odd.count)
    func `an odd column gives finite answers`(algorithm: Algorithm, index: Int) throws {
        let target: [Double] = [0, 1, 0, 1, 1, 0]
        // The last case is all of them at once: more columns than rows.
        let columns = index < Self.odd.count ? [Self.odd[index]] : Self.odd
        for l2 in [0.0, 1] {
            let model = try learn(algorithm, table(columns), target, l2: l2)
            for answer in try model.predict(table(columns)) { #expect(answer.isFinite) }
            let row = model.features.map { feature -> FeatureValue in
                feature.kind == .numeric ? .number(-1.7e308) : .text("never seen")
            }
            #expect(try model.predict(row: row).isFinite)
            #expect(try model.predict(row: row.map { _ in .missing }).isFinite)
            #expect(try Model(bytes: model.bytes) == model)
        }
    }

    @Test func `rows that a line parts perfectly give finite coefficients`() throws {
        let values: Column.Values = .numeric([1, 2, 3, 4, 5, 6])
        for algorithm in [Algorithm.logisticRegression, .boostedTrees] {
            let model = try learn(algorithm, table([values]), [0, 0, 0, 1, 1, 1], l2: 0)
            let answers = try model.predict(table([values]))
            #expect(answers.allSatisfy { $0.isFinite })
            #expect(answers[2] < 0.5 && answers[3] > 0.5)
        }
    }

    @Test(arguments: Algorithm.allCases)
    func `rows without an outcome are left out`(algorithm: Algorithm) throws {
        let all = table([.numeric([1, 2, 3, 4, 9, 9]), .numeric([0, 1, 0, 1, 7, 7])])
        let some = table([.numeric([1, 2, 3, 4]), .numeric([0, 1, 0, 1])])
        let one = try learn(algorithm, all, [0, 1, 1, 0, .nan, .nan])
        let other = try learn(algorithm, some, [0, 1, 1, 0])
        #expect(one.bytes == other.bytes)
        #expect(one.training.rows == 4)
    }

    private func refusal(
        _ algorithm: Algorithm, _ table: Table, _ target: [Double]
    ) -> String? {
        do throws(LearningError) {
            _ = try learn(algorithm, table, target)
            return nil
        } catch {
            #expect(error.code == .badData)
            return error.message
        }
    }

    @Test func `what cannot be learned is refused with the reason`() {
        let good: Column.Values = .numeric([1, 2, 3])
        #expect(
            refusal(.logisticRegression, table([good]), [1, 1, 1])
                == "all 3 rows have the same class of \"answer\": nothing to tell apart")
        #expect(refusal(.boostedTrees, table([good]), [0, 0, .nan]) != nil)
        #expect(
            refusal(.boostedTrees, table([good]), [0, 1, 2])
                == "row 2 of the target \"answer\" is 2.0, not 0 or 1")
        #expect(refusal(.linearRegression, table([good]), [.nan, .nan, 1]) != nil)
        #expect(refusal(.linearRegression, table([good]), [1, 2]) != nil)
        #expect(refusal(.linearRegression, table([good]), [1, 2, 1e200]) != nil)
        #expect(refusal(.linearRegression, table([good]), [1, 2, .infinity]) != nil)
        #expect(refusal(.linearRegression, Table(columns: [], rowCount: 3), [1, 2, 3]) != nil)
        #expect(
            refusal(.linearRegression, table([.numeric([1, 1e200, 3])]), [1, 2, 3])?
                .contains("\"c0\" holds 1e+200") == true)
        let twice = Table(
            columns: [Column(name: "x", values: good), Column(name: "x", values: good)], rowCount: 3
        )
        #expect(refusal(.boostedTrees, twice, [0, 1, 0])?.contains("\"x\"") == true)
    }

    @Test func `a constant target is met exactly`() throws {
        let values: Column.Values = .numeric([1, 2, 3, 4])
        for algorithm in [Algorithm.linearRegression, .boostedTrees] {
            let model = try train(
                algorithm, table: table([values]), target: [3, 3, 3, 3], task: .regression,
                description: amount, parameters: TrainingParameters(for: algorithm))
            #expect(try model.predict(table([values])) == [3, 3, 3, 3])
        }
    }

    @Test func `a task that the algorithm does not serve is refused`() {
        #expect(throws: LearningError.self) {
            try train(
                .linearRegression, table: table([.numeric([1, 2])]), target: [0, 1],
                task: .binaryClassification, description: yesOrNo,
                parameters: TrainingParameters(for: .linearRegression))
        }
        #expect(throws: LearningError.self) {
            try train(
                .boostedTrees, table: table([.numeric([1, 2])]), target: [0, 1],
                task: .binaryClassification, description: amount,
                parameters: TrainingParameters(for: .boostedTrees))
        }
    }

    @Test(arguments: Algorithm.allCases)
    func `training stops when it is told to`(algorithm: Algorithm) {
        let task: LearningTask =
            algorithm == .linearRegression ? .regression : .binaryClassification
        var calls: [TrainingProgress] = []
        do throws(LearningError) {
            _ = try train(
                algorithm, table: Sample(rows: 100).table,
                target: (0..<100).map { Double($0 % 2) }, task: task,
                description: task == .regression ? amount : yesOrNo,
                parameters: TrainingParameters(for: algorithm)
            ) { progress in
                calls.append(progress)
                return calls.count < 2
            }
            Issue.record("training went on")
        } catch {
            #expect(error.code == .cancelled)
            #expect(calls.map(\.done) == [0, 1])
            #expect(calls.allSatisfy { $0.total == 100 })
        }
    }
}
