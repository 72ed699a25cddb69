import Tabular
import Testing

@testable import Learning

struct PredictionTests {
    private func row(_ table: Table, _ index: Int) -> [FeatureValue] {
        table.columns.map { column in
            switch column.values {
            case .numeric(let values):
                values[index].isNaN ? .missing : .number(values[index])
            case .categorical(let codes, let levels):
                codes[index] < 0 ? .missing : .text(levels[Int(codes[index])])
            }
        }
    }

    @Test(arguments: Algorithm.allCases)
    func `one row is answered as it is in a table, whatever the order of columns`(
        algorithm: Algorithm
    ) throws {
        let task: LearningTask =
            algorithm == .linearRegression ? .regression : .binaryClassification
        let sample = Sample(rows: 600)
        let settings: [ParameterName: Double] = algorithm == .boostedTrees ? [.trees: 5] : [:]
        let model = try model(algorithm, sample, task: task, settings)
        let answers = try model.predict(sample.table)
        let turned = Table(
            columns: [Column(name: "more", values: .numeric(sample.amounts))]
                + sample.table.columns.reversed(), rowCount: 600)
        #expect(try model.predict(turned) == answers)
        for index in stride(from: 0, to: 600, by: 7) {
            #expect(try model.predict(row: row(sample.table, index)) == answers[index])
        }
    }

    @Test(arguments: [Algorithm.logisticRegression, .boostedTrees])
    func `a rare level and an unknown one are answered alike`(algorithm: Algorithm) throws {
        let sample = Sample(rows: 600)
        let model = try model(
            algorithm, sample, task: .binaryClassification, [.maximumLevels: 3])
        #expect(model.features[3].levels.count == 3)
        #expect(!model.features[3].levels.contains("rare"))
        let start: [FeatureValue] = [.number(1), .number(0), .number(7)]
        #expect(
            try model.predict(row: start + [.text("rare")])
                == model.predict(row: start + [.text("unheard of")]))
    }

    @Test func `a column that is not there or of another kind is named`() throws {
        let sample = Sample(rows: 50)
        let model = try model(.logisticRegression, sample, task: .binaryClassification)
        func message(_ columns: [Column]) -> String? {
            do throws(LearningError) {
                _ = try model.predict(Table(columns: columns, rowCount: 50))
                return nil
            } catch {
                #expect(error.code == .columnMismatch)
                return error.message
            }
        }
        let columns = sample.table.columns
        #expect(
            message(Array(columns[..<3]) + [Column(name: "colour", values: columns[3].values)])
                == "the model needs a column \"color\" that is not there; the nearest is \"colour\""
        )
        #expect(
            message(Array(columns[1...]) + [Column(name: "a", values: columns[3].values)])
                == "column \"a\" holds text, but the model was trained on numbers there")
        #expect(
            message(Array(columns[..<3]) + [Column(name: "color", values: columns[0].values)])
                == "column \"color\" holds numbers, but the model was trained on text there")
    }

    @Test func `a column without any value fits either kind`() throws {
        let sample = Sample(rows: 50)
        let model = try model(.logisticRegression, sample, task: .binaryClassification)
        let nothing: Column.Values = .categorical(
            codes: [Int32](repeating: -1, count: 50), levels: [])
        let noNumber: Column.Values = .numeric([Double](repeating: .nan, count: 50))
        let columns = sample.table.columns
        let answers = try model.predict(
            Table(
                columns: [
                    Column(name: "b", values: nothing), columns[0], columns[2],
                    Column(name: "color", values: noNumber),
                ], rowCount: 50))
        guard case .numeric(let a) = columns[0].values else { return }
        for index in 0..<50 {
            let row: [FeatureValue] = [.number(a[index]), .missing, .number(7), .missing]
            #expect(try model.predict(row: row) == answers[index])
        }
    }

    @Test func `a row of another length or kind is refused`() throws {
        let model = try model(.logisticRegression, Sample(rows: 50), task: .binaryClassification)
        let good: [FeatureValue] = [.number(1), .number(0), .number(7), .text("red")]
        #expect(try model.predict(row: good).isFinite)
        for bad in [
            Array(good.dropLast()), good + [.missing], [.text("1")] + good.dropFirst(),
            good.dropLast() + [.number(3)],
        ] {
            #expect(throws: LearningError.self) { try model.predict(row: bad) }
        }
    }
}
