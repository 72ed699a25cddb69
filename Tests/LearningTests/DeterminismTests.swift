import Tabular
import Testing

@testable import Learning

struct DeterminismTests {
    // Large enough that histograms, divisions and sums are shared among threads.
    private static let sample = Sample(rows: 34_000)

    @Test(arguments: [
        (Algorithm.logisticRegression, LearningTask.binaryClassification),
        (.linearRegression, .regression), (.boostedTrees, .binaryClassification),
    ])
    func `the bytes of a model do not depend on the number of threads`(
        algorithm: Algorithm, task: LearningTask
    ) throws {
        let settings: [ParameterName: Double] =
            algorithm == .boostedTrees ? [.trees: 2, .leaves: 4] : [.maximumIterations: 2]
        let one = try model(algorithm, Self.sample, task: task, settings, threads: 1)
        for threads in [2, 3] {
            let more = try model(algorithm, Self.sample, task: task, settings, threads: threads)
            #expect(more.bytes == one.bytes, "\(threads) threads")
        }
    }

    @Test func `the order in which a table lists its levels does not matter`() throws {
        let sample = Sample(rows: 300)
        guard case .categorical(let codes, let levels) = sample.table.columns[3].values else {
            Issue.record("the sample has no category")
            return
        }
        var turned = sample
        turned.table = Table(
            columns: sample.table.columns.dropLast() + [
                Column(
                    name: "color",
                    values: .categorical(
                        codes: codes.map { $0 < 0 ? -1 : 3 - $0 }, levels: levels.reversed()))
            ], rowCount: 300)
        for algorithm in [Algorithm.logisticRegression, .boostedTrees] {
            let settings: [ParameterName: Double] = algorithm == .boostedTrees ? [.trees: 5] : [:]
            let one = try model(algorithm, sample, task: .binaryClassification, settings)
            let other = try model(algorithm, turned, task: .binaryClassification, settings)
            #expect(one.bytes == other.bytes)
        }
    }

    @Test func `a row's side of a hold-out follows from seed and position`() {
        let holdOut = HoldOut(fraction: 0.25, seed: 11)
        let target = (0..<4000).map(Double.init)
        let (training, test) = holdOut.divide(target)
        for row in target.indices {
            #expect(training[row].isNaN != test[row].isNaN)
            #expect(holdOut.isHeldOut(row: row) == training[row].isNaN)
        }
        let held = test.filter { !$0.isNaN }.count
        #expect(held > 900 && held < 1100)
        #expect(
            HoldOut(fraction: 0.25, seed: 12).divide(target).test.map(\.isNaN) != test.map(\.isNaN))
    }
}
