public import Millrace

/// Holds every drop against the contract of its dataset.
///
/// A good one makes a new dataset version. A bad one goes to `quarantine/` with a report, and nothing
/// else changes. The first drop of a dataset without a contract proposes one.
public struct ValidatorPlugin: Plugin {
    public static let name: PluginName = "validator"
    public static let summary =
        "Holds every drop against its dataset's contract; good ones make a dataset version."
    public static let emits: [any EventPayload.Type] = [
        ContractProposed.self, ContractAccepted.self, ContractRefused.self, DataAccepted.self,
        DataRejected.self, DatasetVersionCreated.self,
    ]
    public static let projections: [any Projection.Type] = [
        DatasetRegistry.self, ContractFiles.self, SetAside.self, OpenSet.self,
    ]

    private let settings: ValidatorSettings

    public init(settings: ValidatorSettings) { self.settings = settings }

    public var reactions: some Reactions {
        On(FileArrived.self, about: "dataset") { arrived, context in
            try DropReaction(arrived: arrived, context: context, settings: settings).events()
        }
        On(FileRemoved.self, about: "dataset") { removed, context in
            try RemovalReaction(removed: removed, context: context).events()
        }
        On(FileArrived.self, about: Subject.contractKind) { arrived, context in
            try ContractReaction(arrived: arrived, context: context).events()
        }
        On(FileRemoved.self, about: Subject.contractKind) { removed, context -> [ContractRefused] in
            // A contract that vanishes by mistake must not open the gate to everything.
            context.log(
                .notice,
                "\(removed.path) is gone; the contract of \(removed.area.name) stays in force until "
                    + "another is put there")
            return []
        }
    }
}
