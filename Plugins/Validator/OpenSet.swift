import Millrace

/// The files of a set that were accepted already, while the last one of it is still to be judged: that
/// one makes the version of the dataset.
struct OpenSet: Projection {
    static let types: [any EventPayload.Type] = [DataAccepted.self, DatasetVersionCreated.self]

    /// By dataset.
    private var files: [String: [DatasetFile]] = [:]

    mutating func apply(_ event: Event) {
        if event.mayHave("set", of: DataAccepted.self),
            event.members(of: DataAccepted.self)?.has("set") == true
        {
            guard let accepted = event.payload(as: DataAccepted.self), let set = accepted.set,
                !set.isLast
            else { return }
            files[accepted.dataset, default: []].append(accepted.file)
        } else if !files.isEmpty, event.type == DatasetVersionCreated.type {
            files[event.subject.name] = nil
        }
    }

    func files(of dataset: String) -> [DatasetFile] { files[dataset] ?? [] }
}
