public import Millrace

/// Takes a model version through its gates and stages to production, and back when it must.
///
/// A stage is a link, `deployments/STAGE/MODEL`, that leads to a release, `models/MODEL/VERSION`. A
/// version is measured beside the champion on the rows that neither has seen, passes the gates of a
/// stage, is deployed there, is checked through the link as a server would load it, and stands before
/// the next stage. What the gates find is journaled whether they let it in or not.
///
/// Commands about a model, as files in `inbox/`: `approve` and `reject` decide about the version that
/// waits for a person (arguments `stage`, `version` and `comment`, all optional where there is only one
/// that waits); `rollback` moves a stage back (`stage`, the last one when left out; `version`, the one
/// before when left out; `comment`).
public struct DeployerPlugin: Plugin {
    public static let name: PluginName = "deployer"
    public static let summary =
        "Takes a model version through gates and stages to production, and back."
    public static let emits: [any EventPayload.Type] = [
        ModelEvaluated.self, GatesEvaluated.self, PromotionRefused.self, ApprovalRequested.self,
        ApprovalDecided.self, DeploymentPlanned.self, DeploymentCompleted.self, StageChecked.self,
        CommandDeclined.self,
    ]
    public static let projections: [any Projection.Type] = [ModelRegistry.self]
    public static let jobs: [any Job.Type] = [EvaluateJob.self]

    public struct Settings: PluginSettings {
        /// How far a deployed model's answers may be from those that it gave after training.
        public var tolerance = 1e-9

        public init() {}

        public static let help = [
            "tolerance":
                "how far a deployed model's answers may be from those that it gave after training"
        ]

        public func validate(into issues: inout SettingsIssues) {
            issues.require(
                tolerance >= 0 && tolerance <= 1, "tolerance", "a number from 0 to 1")
        }
    }

    let settings: Settings

    public init(settings: Settings) { self.settings = settings }

    public var reactions: some Reactions {
        On(ModelVersionCreated.self) { created, context -> [any EventPayload] in
            let promotion = try Promotion(of: created.model, context)
            guard let policy = promotion.policy, let stage = policy.firstStage else {
                return [promotion.pipelineIsGone(created.version, before: "the first stage")]
            }
            return try await promotion.enter(stage, created)
        }
        On(DeploymentPlanned.self) { plan, context -> [any EventPayload] in
            try await Promotion(of: plan.model, context).carryOut(plan)
        }
        On(DeploymentCompleted.self) { deployed, context -> [any EventPayload] in
            let check = StageCheck(
                files: context.files, outputs: context.outputs, tolerance: settings.tolerance)
            return try Promotion(of: deployed.model, context).verify(deployed, by: check)
        }
        On(StageChecked.self) { checked, context -> [any EventPayload] in
            try await Promotion(of: checked.model, context).proceed(after: checked)
        }
        On(CommandReceived.self, about: "model") { command, context -> [any EventPayload] in
            try await Promotion(of: command.subject.name, context).obey(command)
        }
    }
}
