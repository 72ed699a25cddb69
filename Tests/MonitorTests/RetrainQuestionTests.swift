import Millrace
import Testing

@testable import Monitor

@Suite struct RetrainQuestionTests {
    private static let noon = Timestamp(microseconds: 1_772_539_200_000_000)

    /// A pipeline with a model, an hour after its last training was asked for, and nothing new.
    private func question(_ change: (inout RetrainQuestion) -> Void) -> RetrainQuestion.Answer {
        var question = RetrainQuestion(
            policy: RetrainPolicy(), rows: 1000, hasModel: true,
            lastRequest: RetrainQuestion.LastRequest(
                time: Self.noon.advanced(bySeconds: -3600), hasFailed: false),
            newRows: 0, now: Self.noon)
        change(&question)
        return question.answer
    }

    @Test func `in quiet hours a training waits for their end`() {
        let end = Self.noon.advanced(bySeconds: 3600)
        let answer = question {
            $0.quietUntil = end
            $0.newRows = 20
        }
        guard case .coolDown(let reason, let until) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(until == end)
        #expect(reason.hasPrefix("20 new rows: quiet hours until 2026-03-03T13:00:00Z"))
    }

    @Test func `nothing new asks for nothing`() {
        #expect(question { _ in } == .nothing)
    }

    @Test func `the first data ask for the first model, whatever the bound on new rows`() {
        for bound in [0, 1, 5000] {
            #expect(
                question {
                    $0.hasModel = false
                    $0.lastRequest = nil
                    $0.newRows = 1000
                    $0.policy.newRows = bound
                } == .train(["first model"]))
        }
    }

    @Test func `while the first training goes on only new rows ask for another`() {
        #expect(question { $0.hasModel = false } == .nothing)
        #expect(
            question {
                $0.hasModel = false
                $0.newRows = 20
            } == .train(["20 new rows"]))
    }

    @Test func `a first training that failed is asked for again`() {
        #expect(
            question {
                $0.hasModel = false
                $0.lastRequest?.hasFailed = true
            } == .train(["first model: the run before failed"]))
        // With a model in place a failed challenger is no reason by itself.
        #expect(question { $0.lastRequest?.hasFailed = true } == .nothing)
    }

    @Test func `the first model is left to a person where the policy says so`() {
        let answer = question {
            $0.hasModel = false
            $0.lastRequest = nil
            $0.newRows = 1000
            $0.policy.first = false
        }
        guard case .wait(let reason) = answer else {
            Issue.record("\(answer) instead of a wait")
            return
        }
        #expect(reason.contains("retrain.first"))
    }

    @Test(arguments: [
        (1, 0, RetrainQuestion.Answer.nothing),
        (1, 1, .train(["1 new row"])),
        (1, 7001, .train(["7,001 new rows"])),
        (7001, 7001, .train(["7,001 new rows"])),
        (7002, 7001, .wait("7,001 new rows of the 7,002 that ask for training")),
        (0, 7001, .nothing),
    ])
    func `new rows ask from the bound on`(
        bound: Int, newRows: Int, expected: RetrainQuestion.Answer
    ) {
        #expect(
            question {
                $0.policy.newRows = bound
                $0.newRows = newRows
            } == expected)
    }

    @Test func `drift asks, with the columns by name, at most five`() {
        #expect(
            question { $0.drift = ["origin", "carrier"] } == .train(["drift in origin, carrier"]))
        #expect(
            question { $0.drift = ["a", "b", "c", "d", "e", "f", "g"] }
                == .train(["drift in a, b, c, d, e and 2 more"]))
    }

    @Test func `drift is only told where the policy does not ask for training`() {
        #expect(
            question {
                $0.drift = ["origin"]
                $0.policy.onDrift = false
            } == .wait("drift in origin, and 'retrain.onDrift' is off"))
    }

    @Test func `changed code asks, or is told`() {
        #expect(question { $0.code = ["train.py"] } == .train(["code changed: train.py"]))
        #expect(
            question {
                $0.code = ["train.py"]
                $0.policy.onCode = false
            } == .wait("code changed: train.py, and 'retrain.onCode' is off"))
    }

    @Test func `all reasons are given, and what does not hold is left out beside them`() {
        #expect(
            question {
                $0.drift = ["origin"]
                $0.newRows = 10
                $0.code = ["train.py"]
            } == .train(["drift in origin", "10 new rows", "code changed: train.py"]))
        #expect(
            question {
                $0.drift = ["origin"]
                $0.newRows = 10
                $0.policy.newRows = 100
            } == .train(["drift in origin"]))
    }

    @Test func `an empty dataset asks for nothing, whatever else holds`() {
        #expect(
            question {
                $0.rows = 0
                $0.hasModel = false
                $0.lastRequest = nil
                $0.drift = ["origin"]
                $0.code = ["train.py"]
            } == .nothing)
    }

    /// Seconds since the last request, and whether training may be asked for.
    @Test(arguments: [(0.0, false), (7199, false), (7199.999, false), (7200, true), (9999, true)])
    func `within the cool-down a reason waits, until the second when it ends`(
        elapsed: Double, trains: Bool
    ) {
        let answer = question {
            $0.policy.coolDown = TimeSpan.seconds(7200)
            $0.lastRequest?.time = Self.noon.advanced(bySeconds: -elapsed)
            $0.newRows = 5
        }
        if trains {
            #expect(answer == .train(["5 new rows"]))
        } else {
            guard case .coolDown(let reason, let until) = answer else {
                Issue.record("\(answer) instead of a wait")
                return
            }
            #expect(until == Self.noon.advanced(bySeconds: 7200 - elapsed))
            let end = Self.noon.advanced(bySeconds: 7200 - elapsed).description.prefix(19)
            #expect(reason.hasPrefix("5 new rows: cooling down until \(end)Z, 2h after"))
            #expect(reason.contains("looked at again"))
        }
    }

    @Test func `a cool-down with no request before it holds nothing back`() {
        #expect(
            question {
                $0.policy.coolDown = TimeSpan.seconds(7200)
                $0.lastRequest = nil
                $0.hasModel = false
                $0.newRows = 1000
            } == .train(["first model"]))
    }

    /// Every combination of what can hold: the answer must follow from the words of the policy.
    @Test func `every combination is answered as the settings say`() {
        let choices = [false, true]
        for bits in 0..<256 {
            func bit(_ index: Int) -> Bool { choices[bits >> index & 1] }
            var policy = RetrainPolicy()
            policy.first = bit(0)
            policy.onDrift = bit(1)
            policy.onCode = bit(2)
            policy.newRows = 10
            policy.coolDown = bit(3) ? TimeSpan.seconds(7200) : .zero
            let (hasModel, drifts, rowsCame, codeCame) = (bit(4), bit(5), bit(6), bit(7))
            let answer = question {
                $0.policy = policy
                $0.hasModel = hasModel
                $0.lastRequest?.hasFailed = !hasModel
                $0.drift = drifts ? ["x"] : []
                $0.newRows = rowsCame ? 10 : 0
                $0.code = codeCame ? ["y"] : []
            }
            var expected: [String] = []
            if !hasModel, policy.first { expected.append("first model: the run before failed") }
            let isHeld = !hasModel && !policy.first
            if !isHeld {
                if drifts, policy.onDrift { expected.append("drift in x") }
                if hasModel, rowsCame { expected.append("10 new rows") }
                if codeCame, policy.onCode { expected.append("code changed: y") }
            }
            switch answer {
            case .train(let reasons):
                #expect(reasons == expected)
                #expect(policy.coolDown == .zero)
            case .wait(let reason):
                #expect(!reason.isEmpty)
                #expect(expected.isEmpty)
            case .coolDown:
                #expect(!expected.isEmpty && policy.coolDown > .zero)
            case .nothing:
                #expect(expected.isEmpty && !isHeld && !drifts && !codeCame)
            }
        }
    }
}
