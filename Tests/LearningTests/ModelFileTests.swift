import Millrace
import Tabular
import Testing

@testable import Learning

struct ModelFileTests {
    @Test(arguments: [
        (Algorithm.logisticRegression, LearningTask.binaryClassification),
        (.linearRegression, .regression), (.boostedTrees, .binaryClassification),
        (.boostedTrees, .regression),
    ])
    func `a model reads back from its bytes as itself`(
        algorithm: Algorithm, task: LearningTask
    ) throws {
        let sample = Sample(rows: 300)
        let settings: [ParameterName: Double] =
            algorithm == .boostedTrees ? [.trees: 5, .leaves: 6] : [:]
        let trained = try model(algorithm, sample, task: task, settings, seed: .max)
        let read = try Model(bytes: trained.bytes)
        #expect(read == trained)
        #expect(read.bytes == trained.bytes)
        #expect(try read.predict(sample.table) == trained.predict(sample.table))
    }
}
