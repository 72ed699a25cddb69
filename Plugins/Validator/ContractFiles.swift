import Millrace

/// Contract files that have arrived, so that a drop is held against the contract that lay there
/// when it arrived, even when both are looked at at the same time.
struct ContractFiles: Projection {
    static let types: [any EventPayload.Type] = [FileArrived.self]

    struct File: Codable {
        let path: WorkspacePath
        let digest: Digest
        let size: Int
        let sequence: UInt64
    }

    /// By dataset: the last two hundred contract files, the first first.
    private(set) var files: [String: [File]] = [:]

    private static let limit = 200

    func isIndifferent(to type: String, about subject: Subject) -> Bool {
        subject.kind != Subject.contractKind
    }

    mutating func apply(_ event: Event) {
        guard event.subject.kind == Subject.contractKind,
            let arrived = event.payload(as: FileArrived.self)
        else { return }
        var list = files[event.subject.name] ?? []
        list.append(
            File(
                path: arrived.path, digest: arrived.sha256, size: arrived.size,
                sequence: event.sequence))
        files[event.subject.name] = list.suffix(ContractFiles.limit)
    }
}

extension Subject {
    /// The kind of the subject of files below `contracts/`.
    static let contractKind = "contract"
}
