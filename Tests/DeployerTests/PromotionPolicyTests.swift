import Deployer
import Millrace
import Testing

@Suite struct PromotionPolicyTests {
    private func policy(_ change: (inout Pipeline) -> Void = { _ in }) -> PromotionPolicy {
        var pipeline = Pipeline()
        pipeline.target.above = 15
        var gate = Gate()
        gate.metric = "auc"
        gate.atLeast = 0.6
        pipeline.gates = [gate]
        change(&pipeline)
        return PromotionPolicy(pipeline: pipeline)
    }

    private let digest = Digest(words: (1, 2, 3, 4))

    private var version: ModelVersionCreated {
        ModelVersionCreated(
            model: "m", version: 2, run: 2, artifact: digest,
            inputs: RunInputs(
                dataset: "d", datasetVersion: 1, datasetDigest: digest,
                files: DatasetFiles(listing: []),
                target: Target(), features: [], algorithm: "logistic-regression",
                parameters: [:], seed: 1, holdout: 0.2, command: [], code: [:],
                environment: [:]),
            metrics: [:])
    }

    private func evaluation(_ auc: Double, champion: Int?, gain: Double = 0) -> ModelEvaluated {
        ModelEvaluated(
            model: "m", version: 2, rows: 100, metrics: ["auc": auc], champion: champion,
            championMetrics: champion == nil ? [:] : ["auc": auc - gain],
            comparison: champion == nil
                ? nil : .init(metric: "auc", gain: gain, lowerBound: gain - 0.1))
    }

    private func types(_ events: [any EventPayload]) -> [String] {
        events.map { Swift.type(of: $0).type }
    }

    @Test func `stages follow each other as the settings list them`() {
        let policy = policy { $0.stages = ["canary", "staging", "production"] }
        #expect(policy.firstStage == "canary")
        #expect(policy.stage(after: "canary") == "staging")
        #expect(policy.stage(after: "production") == nil)
        #expect(policy.stage(after: "gone") == nil)
        #expect(policy.production == "production")
    }

    @Test func `without stages nothing is first`() {
        #expect(policy { $0.stages = [] }.firstStage == nil)
    }

    @Test func `the main metric follows the target unless the settings name one`() {
        #expect(policy().mainMetric == "auc")
        #expect(policy { $0.target = Target() }.mainMetric == "rmse")
        #expect(policy { $0.champion.metric = "brier" }.mainMetric == "brier")
    }

    @Test func `the champion guards production alone`() {
        let worse = evaluation(0.7, champion: 1, gain: -0.1)
        #expect(policy().gates(worse, into: "staging", live: 1).passed)
        let production = policy().gates(worse, into: "production", live: 1)
        #expect(!production.passed)
        #expect(production.results.map(\.passed) == [true, false])
    }

    @Test func `the bounds of the settings hold at every stage`() {
        let bad = evaluation(0.5, champion: nil)
        #expect(!policy().gates(bad, into: "staging", live: nil).passed)
        #expect(!policy().gates(bad, into: "production", live: nil).passed)
    }

    @Test func `a first version has no champion to beat`() {
        let events = policy().entry(
            of: version, evaluation(0.7, champion: nil), into: "production", live: nil)
        #expect(types(events) == [GatesEvaluated.type, DeploymentPlanned.type])
    }

    @Test func `a version is not held against itself`() {
        let again = evaluation(0.7, champion: 1, gain: -1)
        #expect(policy().gates(again, into: "production", live: 2).passed)
        #expect(policy().isCurrent(again, for: "production", live: 2))
    }

    @Test func `a refusal names each gate that failed with what was found`() throws {
        let events = policy().entry(
            of: version, evaluation(0.5, champion: 1, gain: -0.2), into: "production", live: 1)
        #expect(types(events) == [GatesEvaluated.type, PromotionRefused.type])
        let refused = try #require(events.last as? PromotionRefused)
        #expect(refused.reasons.count == 2)
        #expect(refused.reasons.first == "auc >= 0.6: auc is 0.5")
        #expect(refused.reasons.last?.contains("gain -0.2") == true)
    }

    @Test func `a stage with approval waits, and goes on once approved`() throws {
        let policy = policy { $0.approval = ["production"] }
        let good = evaluation(0.7, champion: nil)
        #expect(
            types(policy.entry(of: version, good, into: "production", live: nil))
                == [GatesEvaluated.type, ApprovalRequested.type])
        #expect(
            types(policy.entry(of: version, good, into: "staging", live: nil))
                == [GatesEvaluated.type, DeploymentPlanned.type])
        let approved = policy.entry(
            of: version, good, into: "production", live: nil, approved: "approved by uid 7")
        let plan = try #require(approved.last as? DeploymentPlanned)
        #expect(plan.reason == "approved by uid 7; auc is 0.7")
        #expect(!plan.isRollback)
    }

    @Test func `an approval does not open a gate`() {
        let policy = policy { $0.approval = ["production"] }
        let events = policy.entry(
            of: version, evaluation(0.5, champion: nil), into: "production", live: nil,
            approved: "approved by uid 7")
        #expect(types(events) == [GatesEvaluated.type, PromotionRefused.type])
    }

    @Test func `an evaluation serves production while its champion and metric are those of now`() {
        let measured = evaluation(0.7, champion: 1, gain: 0.1)
        #expect(policy().isCurrent(measured, for: "production", live: 1))
        #expect(!policy().isCurrent(measured, for: "production", live: 3))
        #expect(!policy().isCurrent(measured, for: "production", live: nil))
        #expect(policy().isCurrent(measured, for: "staging", live: 3))
        let other = policy { $0.champion.metric = "brier" }
        #expect(!other.isCurrent(measured, for: "production", live: 1))
    }

    @Test func `no gates let everything in and say so`() throws {
        let events = policy { $0.gates = [] }.entry(
            of: version, evaluation(0.1, champion: nil), into: "staging", live: nil)
        let plan = try #require(events.last as? DeploymentPlanned)
        #expect(plan.reason == "no gate guards staging")
    }
}
