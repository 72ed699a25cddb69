package import Millrace

/// Why reactions failed that will be tried again, which inputs were refused, and which chains of causes
/// were cut.
package struct FailureRecord: Projection {
    package static let types: [any EventPayload.Type] = [
        ReactionFailed.self, ReactionHandled.self, ReactionDeadLettered.self, ChainCut.self,
        FileArrived.self, SettingsRefused.self, ContractRefused.self,
    ]

    package struct Key: Hashable, Sendable, Codable {
        package let plugin: String
        package let sequence: UInt64
    }

    /// The last failure of each event that is neither handled nor set aside.
    package private(set) var retrying: [Key: ReactionFailed] = [:]
    /// What is wrong with files that were to come into force and did not, by their name: the ones
    /// before them still are.
    package private(set) var refusedInputs: [String: [String]] = [:]
    package private(set) var cuts = 0
    package private(set) var lastCut: ChainCut?

    package init() {}

    package func isIndifferent(to type: String) -> Bool {
        switch type {
        case ReactionHandled.type: retrying.isEmpty
        case FileArrived.type: refusedInputs.isEmpty
        default: false
        }
    }

    package mutating func apply(_ event: Event) {
        switch event.type {
        case ReactionFailed.type:
            guard let failed = event.payload(as: ReactionFailed.self) else { return }
            retrying[Key(plugin: failed.plugin, sequence: failed.sequence)] = failed
        case ReactionHandled.type:
            guard !retrying.isEmpty, let handled = event.payload(as: ReactionHandled.self) else {
                return
            }
            for sequence in handled.handled {
                retrying[Key(plugin: handled.plugin, sequence: sequence)] = nil
            }
        case ReactionDeadLettered.type:
            guard let dead = event.payload(as: ReactionDeadLettered.self) else { return }
            for sequence in dead.sequences {
                retrying[Key(plugin: dead.plugin, sequence: sequence)] = nil
            }
        case FileArrived.type:
            // A newer version of such a file: its own verdict follows, if it has any.
            // One that was only touched gets none.
            if !refusedInputs.isEmpty, let file = event.payload(as: FileArrived.self),
                file.change != .touched
            {
                refusedInputs["\(file.path)"] = nil
            }
        case SettingsRefused.type:
            refusedInputs["millrace.json"] = event.payload(as: SettingsRefused.self)?.problems
        case ContractRefused.type:
            if let refused = event.payload(as: ContractRefused.self) {
                refusedInputs["\(refused.path)"] = refused.problems
            }
        case ChainCut.type:
            cuts += 1
            lastCut = event.payload(as: ChainCut.self)
        default: break
        }
    }
}
