import Millrace

/// Files that were rejected because the dataset had their bytes already, and that still lie there.
///
/// When the one that the dataset has goes away, the other takes its place: otherwise a file that was
/// copied and then deleted under its old name would be lost to the dataset.
struct SetAside: Projection {
    static let types: [any EventPayload.Type] = [
        FileArrived.self, FileRemoved.self, DataRejected.self, DataAccepted.self,
    ]

    /// By dataset: path and digest.
    private var files: [String: [WorkspacePath: Digest]] = [:]

    func isIndifferent(to type: String, about subject: Subject) -> Bool {
        subject.kind != "dataset" || type != DataRejected.type && !hasFiles(in: subject.name)
    }

    mutating func apply(_ event: Event) {
        guard event.subject.kind == "dataset" else { return }
        let dataset = event.subject.name
        if let rejected = event.payload(as: DataRejected.self) {
            guard rejected.violations.contains(where: { $0.rule == DropRule.duplicate.rawValue })
            else { return }
            files[dataset, default: [:]][rejected.path] = rejected.sha256
        } else if files[dataset] != nil {
            // What is there now is another version, which is judged anew.
            if let arrived = event.payload(as: FileArrived.self) {
                files[dataset]?[arrived.path] = nil
                if let previous = arrived.previousPath { files[dataset]?[previous] = nil }
            } else if let removed = event.payload(as: FileRemoved.self) {
                files[dataset]?[removed.path] = nil
            } else if let accepted = event.payload(as: DataAccepted.self) {
                files[dataset]?[accepted.file.path] = nil
            }
        }
    }

    func hasFiles(in dataset: String) -> Bool { files[dataset]?.isEmpty == false }

    /// The first of the paths that hold these bytes.
    func path(of digest: Digest, in dataset: String) -> WorkspacePath? {
        files[dataset]?.filter { $0.value == digest }.keys.min()
    }
}
