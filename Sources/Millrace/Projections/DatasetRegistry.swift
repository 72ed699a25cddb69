/// Which datasets there are, what their contracts are, and which files their versions hold.
public struct DatasetRegistry: Projection {
    public static let types: [any EventPayload.Type] = [
        ContractProposed.self, ContractAccepted.self, DataAccepted.self, DataRejected.self,
        DatasetVersionCreated.self,
    ]

    public struct Contract: Sendable, Hashable, Codable {
        public let digest: Digest
        /// True when it was made from the data and nobody has edited it.
        public let isProposed: Bool
        public let sequence: UInt64
    }

    public struct Dataset: Sendable, Codable {
        public let name: String
        public var contract: Contract?
        fileprivate var version: LastEvent<DatasetVersionCreated>?
        public fileprivate(set) var accepted = 0
        public fileprivate(set) var rejected = 0
        fileprivate var rejection: LastEvent<DataRejected>?

        /// The last version.
        public var current: DatasetVersionCreated? { version?.payload }
        public var currentSequence: UInt64 { version?.sequence ?? 0 }
        /// When the last version was made.
        public var currentTime: Timestamp? { version?.time }
        public var lastRejection: DataRejected? { rejection?.payload }
        public var lastRejectionTime: Timestamp? { rejection?.time }
    }

    public private(set) var datasets: [String: Dataset] = [:]

    public init() {}

    public mutating func apply(_ event: Event) {
        let name = event.subject.name
        // Changed in place.
        datasets[name, default: Dataset(name: name)].apply(event)
    }
}

extension DatasetRegistry.Dataset {
    fileprivate mutating func apply(_ event: Event) {
        if event.type == DataAccepted.type {
            accepted += 1
        } else if let version = LastEvent<DatasetVersionCreated>(event) {
            self.version = version
        } else if let rejected = LastEvent<DataRejected>(event) {
            self.rejected += 1
            rejection = rejected
        } else if let proposed = event.payload(as: ContractProposed.self) {
            // A person's contract that came while the proposal was being made stays in force.
            if contract?.isProposed ?? true {
                contract = DatasetRegistry.Contract(
                    digest: proposed.contract, isProposed: true, sequence: event.sequence)
            }
        } else if let accepted = event.payload(as: ContractAccepted.self) {
            contract = DatasetRegistry.Contract(
                digest: accepted.contract, isProposed: false, sequence: event.sequence)
        }
    }
}
