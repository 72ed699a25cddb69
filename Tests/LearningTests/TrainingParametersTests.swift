import Millrace
import Testing

@testable import Learning

struct TrainingParametersTests {
    private func message(_ json: JSONValue, for algorithm: Algorithm) -> String? {
        do throws(LearningError) {
            _ = try TrainingParameters(json, for: algorithm)
            return nil
        } catch {
            #expect(error.code == .badParameter)
            return error.message
        }
    }

    @Test func `members of the object take the place of defaults`() throws {
        let parameters = try TrainingParameters(
            ["leaves": 7, "learningRate": 0.3], for: .boostedTrees)
        #expect(parameters[.leaves] == 7)
        #expect(parameters[.learningRate] == 0.3)
        #expect(parameters[.trees] == 100)
        #expect(try TrainingParameters(nil, for: .boostedTrees) == .init(for: .boostedTrees))
    }

    @Test func `an unknown name is refused with the nearest valid one`() {
        #expect(
            message(["learning_rate": 0.1], for: .boostedTrees)
                == "boosted-trees has no parameter \"learning_rate\": did you mean "
                + "\"learningRate\"?")
        #expect(message(["leafs": 3], for: .boostedTrees)?.contains("\"leaves\"") == true)
        #expect(
            message(["somethingElse": 3], for: .linearRegression)
                == "linear-regression has no parameter \"somethingElse\": use l2, "
                + "maximumIterations, tolerance, maximumLevels")
    }

    @Test func `a parameter of another algorithm is refused`() {
        #expect(message(["trees": 10], for: .logisticRegression) != nil)
        #expect(message(["tolerance": 0.1], for: .boostedTrees) != nil)
    }

    @Test(arguments: [
        ["leaves": 1] as JSONValue, ["leaves": 2.5], ["learningRate": 0], ["bins": 256],
        ["trees": "many"], ["l2": -1], ["trees": 5000, "leaves": 1024], [1, 2], "fast",
        .object([.init("l2", 1), .init("l2", 2)]), ["l2": .number(.nan)],
    ])
    func `a value outside its range is refused`(json: JSONValue) {
        #expect(message(json, for: .boostedTrees) != nil)
    }

    @Test(arguments: Algorithm.allCases)
    func `parameters read back from their JSON, defaults included`(algorithm: Algorithm) throws {
        let parameters = TrainingParameters(for: algorithm)
        #expect(try TrainingParameters(parameters.json, for: algorithm) == parameters)
    }

    @Test func `an algorithm or metric is found by name, or the nearest is offered`() throws {
        #expect(try Algorithm(named: "boosted-trees") == .boostedTrees)
        #expect(throws: LearningError.self) { try Algorithm(named: "boosted-tree") }
        #expect(try MetricName(named: "log_loss") == .logLoss)
        do throws(LearningError) {
            _ = try MetricName(named: "logloss")
            Issue.record("logloss is no name")
        } catch {
            #expect(
                error.message == "there is no metric \"logloss\": did you mean \"log_loss\"?")
        }
    }
}
