import Learning
import Millrace
import MillraceTesting
import Tabular
import Testing

@Suite struct SupervisedTests {
    private let world = MemoryWorld()

    private func source(
        _ texts: [String], _ change: (inout Target) -> Void = { _ in }, names: [String] = []
    ) throws -> SupervisedSource {
        var target = Target()
        target.column = "y"
        change(&target)
        let files = try texts.enumerated().map { index, text in
            let digest = try world.files.store(Array(text.utf8))
            let name = names.isEmpty ? "\(index).csv" : names[index]
            let path = try #require(WorkspacePath(escaped: "data/d/\(name)"))
            return DatasetFile(
                path: path, size: text.utf8.count, sha256: digest, rows: 1, profile: digest)
        }
        return SupervisedSource(files: files, target: target, nulls: ["", "NA"])
    }

    private func lines(_ count: Int, from first: Int = 0) -> String {
        "x,c,y\n" + (first..<first + count).map { "\($0),k\($0 % 3),\($0 % 7)\n" }.joined()
    }

    @Test func `all columns but the target's are the features, each with its kind`() throws {
        let source = try source([lines(5)])
        #expect(
            try source.features([], from: world.files)
                == [ColumnSelection("x", .numeric), ColumnSelection("c", .categorical)])
    }

    @Test func `a column that is text in one file is text in all`() throws {
        let source = try source(["x,y\n1,1\n", "x,y\nA,1\n2,2\n"])
        let features = try source.features([], from: world.files)
        #expect(features == [ColumnSelection("x", .categorical)])
        let rows = try source.read(features, from: world.files)
        #expect(rows.table.rowCount == 3)
    }

    @Test func `a feature that is no column is refused with the nearest one`() throws {
        let source = try source([lines(5)])
        #expect {
            try source.features(["xx"], from: world.files)
        } throws: {
            "\($0)" == "the feature \"xx\" is no column of the data; the nearest is \"x\""
        }
    }

    @Test func `rows without an outcome are left out, and outcomes are as the target asks`() throws
    {
        let text = "x,y\n1,10\n2,NA\n3,15\n4,16\n5,oops\n"
        let feature = [ColumnSelection("x", .numeric)]
        func outcomes(_ change: (inout Target) -> Void) throws -> [Double] {
            try source([text], change).read(feature, from: world.files).outcomes
        }
        #expect(try outcomes { _ in } == [10, 15, 16])
        #expect(try outcomes { $0.above = 15 } == [0, 0, 1])
        #expect(try outcomes { $0.equals = "15" } == [0, 1, 0, 0])
    }

    @Test func `a row is held out of every version, and so is its double`() throws {
        let first = try source([lines(300)])
        let grown = try source([lines(200, from: 300), lines(300), lines(300)])
        let features = try first.features([], from: world.files)
        let before = try first.read(features, from: world.files, holdout: 0.2)
        let after = try grown.read(features, from: world.files, holdout: 0.2)
        func values(_ rows: SupervisedRows) -> Set<Double> {
            guard case .numeric(let values) = rows.table.column("x")?.values else { return [] }
            return Set(values)
        }
        #expect((40...80).contains(before.heldOut.table.rowCount))
        #expect(values(before.heldOut).isSubset(of: values(after.heldOut)))
        #expect(values(after.training).isDisjoint(with: values(after.heldOut)))
        #expect(values(after.training).union(values(after.heldOut)).count == 500)
        #expect(after.heldOut.outcomes.count == after.heldOut.table.rowCount)
    }

    @Test func `a smaller share is part of a larger one`() {
        for word in 0..<2000 {
            let hash = UInt64(word) &* 0x9E37_79B9_7F4A_7C15
            if SupervisedSource.isHeldOut(hash, share: 0.1) {
                #expect(SupervisedSource.isHeldOut(hash, share: 0.3))
            }
            #expect(!SupervisedSource.isHeldOut(hash, share: 0))
            #expect(SupervisedSource.isHeldOut(hash, share: 1))
        }
    }

    @Test(arguments: ["a.csv", "a.jsonl"])
    func `a file is divided by the same rule, byte for byte`(name: String) throws {
        let isCSV = name.hasSuffix("csv")
        let rows = (0..<200).map {
            isCSV ? "\($0),\"a\n\($0)\",\($0 % 7)" : #"{"x": \#($0), "c": "a", "y": \#($0 % 7)}"#
        }
        // The last row has no line end, and one row is defective.
        let bad = isCSV ? "1,2" : "{]"
        let header = isCSV ? "x,c,y\n" : ""
        let text =
            header + rows.joined(separator: "\n") + "\n" + bad + "\n" + (isCSV ? "7,b,1" : rows[0])
        let source = try source([text], names: [name])
        let parts = try source.divide(source.files[0], holdout: 0.2, from: world.files)
        let features = [ColumnSelection("x", .numeric)]
        let read = try source.read(features, from: world.files, holdout: 0.2)
        #expect(parts.trainingRows == read.training.table.rowCount)
        #expect(parts.heldOutRows == read.heldOut.table.rowCount)
        #expect(parts.trainingRows + parts.heldOutRows == 201)
        for (bytes, rows) in [(parts.training, read.training), (parts.heldOut, read.heldOut)] {
            let part = try self.source([String(decoding: bytes, as: UTF8.self)], names: [name])
            let again = try part.read(features, from: world.files)
            #expect(again.outcomes == rows.outcomes)
        }
    }

    @Test func `examples that were changed on the way are noticed`() throws {
        let source = try source([lines(200)]) { $0.above = 3 }
        let features = try source.features([], from: world.files)
        let (training, heldOut) = try source.read(features, from: world.files, holdout: 0.2)
        let model = try train(
            .logisticRegression, table: training.table, target: training.outcomes,
            task: source.task, description: source.description,
            parameters: TrainingParameters(for: .logisticRegression))
        let examples = try SupervisedExamples(of: model, on: heldOut.table, count: 10)
        #expect(try SupervisedExamples(bytes: examples.bytes) == examples)
        #expect(try examples.difference(from: model, tolerance: 0) == nil)
        var json = try JSONValue(parsing: examples.bytes)
        guard case .object(var members) = json else { return }
        members[4].value = .array(Array(repeating: 0.987, count: 10))
        json = .object(members)
        let changed = try SupervisedExamples(bytes: json.bytes)
        #expect(try changed.difference(from: model, tolerance: 1e-9)?.contains("example 1") == true)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"format":"millrace-examples","version":2}"#,
        #"{"format":"millrace-examples","version":1,"columns":["x"],"rows":[[1,2]],"answers":[1]}"#,
        #"{"format":"millrace-examples","version":1,"columns":["x"],"rows":[[1]],"answers":[]}"#,
        #"{"format":"millrace-examples","version":1,"columns":["x"],"rows":[7],"answers":[1]}"#,
    ])
    func `what is no list of examples is refused`(text: String) {
        #expect(throws: LearningError.self) { try SupervisedExamples(bytes: Array(text.utf8)) }
    }
}
