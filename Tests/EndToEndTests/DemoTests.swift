import Checksums
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// `millrace demo` on every fifth row of its sample, and what must be true afterwards.
    @Suite struct DemoTests {
        @Test func `the demo tells the whole story, each part of it once`() async throws {
            try await Workspace.use(initialised: false) { mill in
                let demo = try mill.run(["demo", mill.root.string, "--every", "5"])
                try #require(demo.code == 0, "\(demo)")
                try firstModelWentThroughStaging(mill)
                try challengersWereMeasured(mill)
                try damagedFileCostNothing(mill)
                try driftLedToTraining(mill)
                try killLeftNothingUndoneOrDoneTwice(mill)
                try questionsHaveAnswers(mill)
            }
        }

        private func firstModelWentThroughStaging(_ mill: Workspace) throws {
            #expect(try mill.facts(ContractProposed.self).count == 1)
            let live = try mill.facts(DeploymentCompleted.self).filter { $0.payload.version == 1 }
            #expect(live.map(\.payload.stage) == ["staging", "production"])
            let checks = try mill.facts(StageChecked.self).filter { $0.payload.version == 1 }
            #expect(checks.map(\.payload.stage) == ["staging", "production"])
            #expect(checks.allSatisfy { $0.payload.passed && !$0.payload.checks.isEmpty })
            let sequences = zip(live, checks).flatMap { [$0.event.sequence, $1.event.sequence] }
            #expect(sequences == sequences.sorted(), "each stage is checked before the next")
            let gates = try mill.facts(GatesEvaluated.self).filter { $0.payload.version == 1 }
            #expect(gates.map(\.payload.passed) == [true, true])
        }

        /// Whether a challenger took the champion's place follows from what was measured.
        private func challengersWereMeasured(_ mill: Workspace) throws {
            let evaluated = try mill.facts(ModelEvaluated.self).filter { $0.payload.version > 1 }
            #expect(evaluated.count == 3)
            for fact in evaluated {
                let found = fact.payload
                let comparison = try #require(found.comparison)
                let auc = try #require(found.metrics["auc"])
                let championAUC = try #require(found.championMetrics["auc"])
                #expect(found.rows > 0)
                #expect(try #require(found.champion) < found.version)
                #expect(abs(comparison.gain - (auc - championAUC)) < 1e-9)
                let mustBeLive = auc >= 0.55 && comparison.gain >= 0
                let isLive = try mill.facts(DeploymentCompleted.self).contains {
                    $0.payload.version == found.version && $0.payload.stage == "production"
                }
                let isRefused = try mill.facts(PromotionRefused.self).contains {
                    $0.payload.version == found.version && $0.payload.stage == "production"
                }
                #expect(isLive == mustBeLive, "version \(found.version)")
                #expect(isRefused == !mustBeLive, "version \(found.version)")
            }
        }

        private func damagedFileCostNothing(_ mill: Workspace) throws {
            let rejections = try mill.facts(DataRejected.self)
            try #require(rejections.count == 1)
            let rejected = rejections[0].payload
            #expect(rejected.path.name == "flights-2013-03-damaged.csv")
            let violation = try #require(
                rejected.violations.first { !$0.column.isEmpty && !$0.rows.isEmpty })
            #expect(!violation.rule.isEmpty)
            let report = try JSONValue(
                parsing: try mill.read("\(rejected.quarantine)/report.json"))
            #expect("\(report)".contains("\"\(violation.column)\""))
            #expect("\(report)".contains("\"\(violation.rule)\""))
            let page = try mill.text("\(rejected.quarantine)/report.html")
            #expect(page.contains(violation.column))
            #expect(
                try mill.read("\(rejected.quarantine)/\(rejected.path.name)")
                    == mill.read("\(rejected.path)"))
            // All that ever came of it: no training, no deployment.
            let consequences = try mill.events.filter {
                $0.correlation == rejections[0].event.correlation
            }
            #expect(
                Set(consequences.map(\.type))
                    == [FileArrived.type, DataRejected.type, ReactionHandled.type])
            for version in try mill.facts(DatasetVersionCreated.self) {
                let files = try version.payload.manifest(from: try mill.vault).files
                #expect(files[rejected.path] == nil)
            }
        }

        private func driftLedToTraining(_ mill: Workspace) throws {
            let drift = try #require(
                try mill.facts(DriftMeasured.self).first { $0.payload.drifted })
            let columns = drift.payload.columns.filter(\.drifted)
            #expect(!columns.isEmpty)
            #expect(columns.allSatisfy { $0.pValue < 0.01 && $0.effect >= $0.threshold })
            #expect(drift.payload.current.map(\.name) == ["flights-2013-09.csv"])
            let requested = try #require(
                try mill.facts(TrainingRequested.self, after: drift.event.sequence).first)
            #expect(requested.event.correlation == drift.event.correlation)
            let reasons = requested.payload.reasons.joined(separator: "; ")
            #expect(reasons.contains("drift in"))
            #expect(columns.allSatisfy { reasons.contains($0.column) }, "\(reasons)")
        }

        private func killLeftNothingUndoneOrDoneTwice(_ mill: Workspace) throws {
            #expect(try mill.facts(DaemonStarted.self).map(\.payload.afterCrash) == [false, true])
            #expect(try mill.facts(DaemonStopped.self).count == 1)
            #expect(try mill.facts(RunStarted.self).count == 4)
            #expect(try mill.notExactlyOnce(RunStarted.self, RunCompleted.self) == [])
            #expect(try mill.notExactlyOnce(RunStarted.self, ModelVersionCreated.self) == [])
            #expect(
                try mill.notExactlyOnce(DeploymentPlanned.self, DeploymentCompleted.self) == [])
            #expect(
                try mill.facts(ModelVersionCreated.self).map(\.payload.version) == [1, 2, 3, 4])
            #expect(try mill.handledTwice() == [])
        }

        private func questionsHaveAnswers(_ mill: Workspace) throws {
            #expect(try mill.run(["verify", "--vault"]).code == 0)
            let why = try mill.run(["why", "delays", "--json"])
            #expect(why.code == 0)
            let answer = try JSONValue(parsing: why.bytes)
            #expect(answer["fact"]?["type"]?.stringValue == DeploymentCompleted.type)
            #expect(answer["causes"]?.arrayValue?.isEmpty == false)
            let live = try #require(
                try mill.facts(DeploymentCompleted.self).last { $0.payload.stage == "production" })
            #expect(
                mill.link("deployments/production/delays")
                    == "../../models/delays/\(live.payload.version)")
            let model = try Files.read(
                mill.root.appending("deployments/production/delays/model.json"), limit: 64 << 20)
            #expect(Digest(words: SHA256.hash(model).words) == live.payload.artifact)
        }
    }
}
