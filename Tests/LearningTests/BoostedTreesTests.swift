import Tabular
import Testing

@testable import Learning

struct BoostedTreesTests {
    private func trees(_ model: Model) throws -> BoostedTrees {
        guard case .trees(let boosted) = model.body else {
            throw LearningError(.badModel, "trees were expected")
        }
        return boosted
    }

    /// One tree of two leaves that says what it learned, not a share of it.
    private func stump(
        _ column: Column, _ target: [Double], _ settings: [ParameterName: Double] = [:]
    ) throws -> (BoostedTrees, Model) {
        var parameters = TrainingParameters(for: .boostedTrees)
        let stump: [ParameterName: Double] = [
            .trees: 1, .leaves: 2, .learningRate: 1, .minimumRowsPerLeaf: 1,
        ]
        for (name, value) in stump.merging(settings, uniquingKeysWith: { $1 }) {
            try parameters.set(name, to: value)
        }
        let model = try train(
            .boostedTrees, table: Table(columns: [column], rowCount: target.count), target: target,
            task: .regression, description: amount, parameters: parameters)
        return (try trees(model), model)
    }

    @Test func `a stump splits where the squared error falls most, at the middle of the gap`()
        throws
    {
        // Mean 4; split after 3: left mean 1, right mean 7.
        let (boosted, _) = try stump(
            Column(name: "x", values: .numeric([1, 2, 3, 5, 6, 9])), [0, 1, 2, 6, 7, 8])
        #expect(boosted.base == 4)
        let tree = try #require(boosted.trees.first)
        #expect(
            tree.nodes == [
                .init(
                    feature: 0, rule: .threshold(4, missingGoesLeft: true), left: ~0, right: ~1)
            ])
        #expect(abs(tree.leaves[0] + 3) < 1e-9 && abs(tree.leaves[1] - 3) < 1e-9)
    }

    @Test func `l2 shrinks a leaf by its share of rows`() throws {
        // Residuals sum to -6 over 2 rows: -6 / (2 + 1).
        let (boosted, _) = try stump(
            Column(name: "x", values: .numeric([1, 1, 2, 2])), [0, 0, 6, 6], [.l2: 1])
        let tree = try #require(boosted.trees.first)
        #expect(abs(tree.leaves[0] + 2) < 1e-9 && abs(tree.leaves[1] - 2) < 1e-9)
    }

    @Test func `missing values go to the side where they fit`() throws {
        let (_, left) = try stump(
            Column(name: "x", values: .numeric([1, 2, 3, 4, .nan, .nan])), [0, 0, 9, 9, 0, 0])
        #expect(try abs(left.predict(row: [.missing])) < 1e-9)
        let (_, right) = try stump(
            Column(name: "x", values: .numeric([1, 2, 3, 4, .nan, .nan])), [0, 0, 9, 9, 9, 9])
        #expect(try abs(right.predict(row: [.missing]) - 9) < 1e-9)
        // Being missing can be all that matters.
        let (boosted, apart) = try stump(
            Column(name: "x", values: .numeric([1, 2, 3, 4, .nan, .nan])), [1, 1, 1, 1, 9, 9])
        #expect(
            boosted.trees.first?.nodes.first?.rule
                == .threshold(.greatestFiniteMagnitude, missingGoesLeft: false))
        #expect(try abs(apart.predict(row: [.number(1e300)]) - 1) < 1e-9)
        #expect(try abs(apart.predict(row: [.missing]) - 9) < 1e-9)
    }

    @Test func `levels are parted in two sets, and unknown ones go with the majority`() throws {
        let column = Column(
            name: "x",
            values: .categorical(
                codes: [0, 1, 2, 3, 0, 1, 2, 3, 0, 2], levels: ["a", "b", "c", "d"]))
        let (_, model) = try stump(column, [1, 8, 1, 8, 1, 8, 1, 8, 1, 1])
        for (level, answer) in [("a", 1.0), ("b", 8), ("c", 1), ("d", 8), ("e", 1)] {
            #expect(try abs(model.predict(row: [.text(level)]) - answer) < 1e-9, "\(level)")
        }
    }

    @Test func `a leaf holds the rows and curvature that it must`() throws {
        let values = (0..<10).map(Double.init)
        let column = Column(name: "x", values: .numeric(values))
        let target: [Double] = [9, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let (free, _) = try stump(column, target)
        #expect(free.trees.first?.nodes.first?.rule == .threshold(0.5, missingGoesLeft: false))
        for settings in [[ParameterName.minimumRowsPerLeaf: 3.0], [.minimumHessian: 3]] {
            let (bound, _) = try stump(column, target, settings)
            #expect(
                bound.trees.first?.nodes.first?.rule == .threshold(2.5, missingGoesLeft: false))
        }
        let (none, model) = try stump(column, target, [.minimumRowsPerLeaf: 6])
        #expect(none.trees.isEmpty)
        #expect(try abs(model.predict(row: [.number(0)]) - 0.9) < 1e-12)
    }

    @Test func `leaves and depth stay within their limits`() throws {
        let sample = Sample(rows: 400)
        let deep = try trees(
            model(
                .boostedTrees, sample, task: .regression,
                [.trees: 3, .leaves: 9, .minimumRowsPerLeaf: 2]))
        #expect(deep.trees.count == 3)
        #expect(deep.trees.allSatisfy { $0.leaves.count == 9 && $0.nodes.count == 8 })
        let flat = try trees(
            model(.boostedTrees, sample, task: .regression, [.trees: 3, .maximumDepth: 1]))
        #expect(flat.trees.allSatisfy { $0.leaves.count == 2 })
    }

    @Test(arguments: LearningTask.allCases)
    func `each round lowers the loss on the training rows`(task: LearningTask) throws {
        let sample = Sample(rows: 300)
        var last = Double.infinity
        for rounds in [1, 3, 9, 20] {
            let model = try model(
                .boostedTrees, sample, task: task,
                [.trees: Double(rounds), .leaves: 6, .minimumRowsPerLeaf: 5])
            let outcomes = task == .regression ? sample.amounts : sample.labels
            let metrics = try evaluate(
                try model.predict(sample.table), outcomes: outcomes, task: task)
            let loss = try #require(metrics[task == .regression ? .rmse : .logLoss])
            #expect(loss < last * 0.99)
            last = loss
        }
    }

    @Test func `what is learned holds on other rows`() throws {
        let (sample, other) = (Sample(rows: 1500, seed: 5), Sample(rows: 800, seed: 6))
        let model = try model(
            .boostedTrees, sample, task: .binaryClassification, [.trees: 30, .leaves: 8])
        let best = try evaluate(
            other.amounts.map(sigmoid), outcomes: other.labels, task: .binaryClassification)
        let metrics = try evaluate(
            try model.predict(other.table), outcomes: other.labels, task: .binaryClassification)
        #expect(try #require(metrics[.auc]) > (try #require(best[.auc])) - 0.03)
    }

    @Test func `the seed chooses the columns of each tree`() throws {
        let sample = Sample(rows: 300)
        let settings: [ParameterName: Double] = [.trees: 6, .leaves: 4, .columnFraction: 0.5]
        let one = try model(.boostedTrees, sample, task: .regression, settings, seed: 1)
        let same = try model(.boostedTrees, sample, task: .regression, settings, seed: 1)
        let other = try model(.boostedTrees, sample, task: .regression, settings, seed: 3)
        #expect(one.bytes == same.bytes)
        #expect(one.body != other.body)
    }
}
