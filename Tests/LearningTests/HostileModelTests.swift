import Millrace
import Tabular
import Testing

@testable import Learning

/// A model file may come from anywhere: it is refused with a message, or answers with numbers.
struct HostileModelTests {
    private static let sample = Sample(rows: 60)

    private static func small(_ algorithm: Algorithm) throws -> Model {
        try model(
            algorithm, sample,
            task: algorithm == .linearRegression ? .regression : .binaryClassification,
            algorithm == .boostedTrees ? [.trees: 2, .leaves: 3, .minimumRowsPerLeaf: 4] : [:])
    }

    private let row: [FeatureValue] = [.number(0.3), .missing, .number(7), .text("blue")]

    /// Whether the bytes were taken for a model; then it must answer.
    private func isTaken(_ bytes: [UInt8]) -> Bool {
        do throws(LearningError) {
            let model = try Model(bytes: bytes)
            guard model.features.count == row.count,
                model.features.map(\.kind).contains(where: { $0 != .numeric })
            else { return true }
            if let answer = try? model.predict(row: row) { #expect(answer.isFinite) }
            if let answers = try? model.predict(Self.sample.table) {
                #expect(answers.allSatisfy { $0.isFinite })
            }
            return true
        } catch {
            #expect(error.code == .badModel)
            return false
        }
    }

    @Test(arguments: [Algorithm.linearRegression, .boostedTrees])
    func `each flipped bit is refused or answers with numbers`(algorithm: Algorithm) throws {
        let bytes = try Self.small(algorithm).bytes
        var refused = 0
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << bit
                if !isTaken(flipped) { refused += 1 }
            }
        }
        // Most bits hold the text together; the others are digits and letters of names.
        #expect(refused > bytes.count * 4)
    }

    @Test func `each cut is refused`() throws {
        let bytes = try Self.small(.boostedTrees).bytes
        for length in bytes.indices { #expect(!isTaken(Array(bytes[..<length]))) }
    }

    /// The model's value with the member at a path replaced.
    private func replaced(
        _ value: JSONValue, _ path: ArraySlice<String>, with new: JSONValue?
    ) -> JSONValue {
        guard let key = path.first else { return new ?? value }
        switch value {
        case .object(let members):
            return .object(
                members.compactMap { member in
                    guard member.key == key else { return member }
                    if path.count == 1, new == nil { return nil }
                    return .init(key, replaced(member.value, path.dropFirst(), with: new))
                })
        case .array(var elements):
            guard let index = Int(key), elements.indices.contains(index) else { return value }
            elements[index] = replaced(elements[index], path.dropFirst(), with: new)
            return .array(elements)
        default: return value
        }
    }

    @Test(
        arguments: [
            ("format", "other"), ("version", 2), ("algorithm", "deep"), ("algorithm", 7),
            ("algorithm", "linear-regression"), ("task", "regression"), ("base", 1e200),
            ("base", "0"), ("target.classes", ["no"]), ("target.name", nil), ("training.seed", -1),
            ("training.seed", "x"), ("training.rows", -1), ("training.parameters.leaves", 0),
            ("features", 7), ("features.0", []), ("features.0.name", "b"),
            ("features.0.kind", "picture"), ("features.3.levels", ["a", "a"]),
            ("features.3.levels.0", 1), ("trees", [] as JSONValue), ("trees.0.leaf", []),
            ("trees.0.leaf.0", .number(.infinity)), ("trees.0.leaf.0", 1e151),
            ("trees.0.feature.0", 4), ("trees.0.feature.0", -1), ("trees.0.feature.0", 0.5),
            ("trees.0.split.0", nil), ("trees.0.split.0", "1"), ("trees.0.missing.0", 1),
            ("trees.0.left.0", 0), ("trees.0.left.0", 2), ("trees.0.left.0", -4),
            ("trees.0.left.0", .integer(.min)), ("trees.0.left.0", .integer(.max)),
            ("trees.0.right.1", -1), ("trees.0.right", [1]), ("trees.1", 0),
        ] as [(String, JSONValue?)])
    func `what does not fit is refused with its place`(path: String, value: JSONValue?) throws {
        let model = try Self.small(.boostedTrees)
        let keys = path.split(separator: ".").map(String.init)
        let changed = replaced(model.json, keys[...], with: value)
        guard path != "trees" else {
            // No tree at all is a model: its base.
            #expect(try Model(json: changed).predict(row: row).isFinite)
            return
        }
        do throws(LearningError) {
            _ = try Model(json: changed)
            #expect(changed == model.json, "\(path) was taken")
        } catch {
            #expect(error.code == .badModel)
            #expect(error.message.hasPrefix("this is no model that can be used: "))
        }
    }

    @Test(
        arguments: [
            ("terms", []), ("terms.0.scale", 0), ("terms.0.scale", -1), ("terms.0.mean", nil),
            ("terms.3.coefficients", [1]), ("terms.3.coefficients.0", "1"), ("intercept", nil),
            ("terms.0.coefficient", 1e200),
        ] as [(String, JSONValue?)])
    func `terms that do not fit are refused`(path: String, value: JSONValue?) throws {
        let model = try Self.small(.logisticRegression)
        let keys = path.split(separator: ".").map(String.init)
        #expect(throws: LearningError.self) {
            try Model(json: replaced(model.json, keys[...], with: value))
        }
    }

    @Test func `levels beyond what a tree's node can hold are refused`() throws {
        let model = try Self.small(.boostedTrees)
        let levels = JSONValue.array((0..<254).map { .string("l\($0)") })
        let changed = replaced(model.json, ["features", "3", "levels"], with: levels)
        #expect(throws: LearningError.self) { try Model(json: changed) }
    }

    @Test func `the largest numbers that are allowed do not overflow`() throws {
        let model = try Self.small(.linearRegression)
        var json = model.json
        for term in ["0", "1", "2"] {
            json = replaced(json, ["terms", term, "coefficient"], with: 1e150)
            json = replaced(json, ["terms", term, "scale"], with: 1e-150)
            json = replaced(json, ["terms", term, "mean"], with: -1e150)
        }
        let extreme = try Model(json: json)
        let far: [FeatureValue] = [.number(1.7e308), .number(-1.7e308), .number(0), .missing]
        #expect(try extreme.predict(row: far).isFinite)
    }
}
