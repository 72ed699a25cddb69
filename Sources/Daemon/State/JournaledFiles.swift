import Millrace
import Runtime
import Watching

/// The files as the journal has them: what the watcher compares the workspace with when it starts.
struct JournaledFiles: Projection {
    static let types: [any EventPayload.Type] = [
        FileArrived.self, FileRemoved.self, FileRefused.self,
    ]

    private(set) var known = KnownFiles()

    init() {}

    mutating func apply(_ event: Event) { Intake.fold(event, into: &known) }

    // MARK: snapshots

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let known = KnownFiles(packed: try container.decode([UInt8].self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "the packed files are not whole")
        }
        self.known = known
    }

    func encode(to encoder: any Encoder) throws {
        let isCanonical = CodingUserInfoKey.isCanonical.map { encoder.userInfo[$0] != nil } ?? false
        var container = encoder.singleValueContainer()
        try container.encode(known.packed(isSorted: isCanonical))
    }
}
