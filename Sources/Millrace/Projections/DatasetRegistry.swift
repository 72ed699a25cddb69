/// Which datasets there are, what their contracts are, and which files their versions hold.
public struct DatasetRegistry: Projection {
    public static let types: [any EventPayload.Type] = [
        ContractProposed.self, ContractAccepted.self, DataAccepted.self, DataRejected.self,
        DatasetVersionCreated.self,
    ]

    public struct Contract: Sendable, Hashable {
        public let digest: Digest
        /// True when it was made from the data and nobody has edited it.
        public let isProposed: Bool
        public let sequence: UInt64
    }

    public struct Dataset: Sendable {
        public let name: String
        public var contract: Contract?
        /// The last version, with its files.
        public var current: DatasetVersionCreated?
        public var currentSequence: UInt64 = 0
        public var accepted = 0
        public var rejected = 0
        public var lastRejection: DataRejected?
        public var lastRejectionTime: Timestamp?
    }

    public private(set) var datasets: [String: Dataset] = [:]

    public init() {}

    public mutating func apply(_ event: Event) {
        let name = event.subject.name
        var dataset = datasets[name] ?? Dataset(name: name)
        if let proposed = event.payload(as: ContractProposed.self) {
            // A person's contract that came while the proposal was being made stays in force.
            if dataset.contract?.isProposed ?? true {
                dataset.contract = Contract(
                    digest: proposed.contract, isProposed: true, sequence: event.sequence)
            }
        } else if let accepted = event.payload(as: ContractAccepted.self) {
            dataset.contract = Contract(
                digest: accepted.contract, isProposed: false, sequence: event.sequence)
        } else if event.type == DataAccepted.type {
            dataset.accepted += 1
        } else if let rejected = event.payload(as: DataRejected.self) {
            dataset.rejected += 1
            dataset.lastRejection = rejected
            dataset.lastRejectionTime = event.time
        } else if let version = event.payload(as: DatasetVersionCreated.self) {
            dataset.current = version
            dataset.currentSequence = event.sequence
        } else {
            return
        }
        datasets[name] = dataset
    }
}
