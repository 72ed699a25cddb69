import Millrace
import Tabular

/// The folder of a rejected drop: the file as it was dropped, and why it is there, once for programs
/// and once for people.
struct Quarantine {
    let arrived: FileArrived
    let rejection: Rejection
    let event: Event

    /// Follows from the event alone: a rejection that is done again writes the same folder.
    var folder: WorkspacePath? {
        let name = "\(event.sequence)-\(DropName.plain(arrived.path))"
        return WorkspacePath(bytes: Array("quarantine/\(arrived.area.name)/\(name)".utf8))
    }

    /// Writes the folder. - Returns: the event that says so.
    func write(_ outputs: any OutputFolders) throws -> DataRejected {
        guard let folder else {
            throw ReactionError(
                "\(arrived.area.name) is no name for a folder below quarantine/", retryable: false)
        }
        try outputs.place(arrived.sha256, at: try folder.appending(fileName))
        try outputs.write(
            Array((json.pretty() + "\n").utf8), to: try folder.appending("report.json"))
        try outputs.write(page, to: try folder.appending("report.html"))
        return DataRejected(
            dataset: arrived.area.name, path: arrived.path, sha256: arrived.sha256,
            summary: rejection.summary, violations: rejection.payload, contract: rejection.contract,
            quarantine: folder)
    }

    private var fileName: String {
        let name = DropName.plain(arrived.path)
        return ["report.json", "report.html"].contains(name) ? "dropped-\(name)" : name
    }
}

extension WorkspacePath {
    /// - Throws: when the name is none.
    func appending(_ name: String) throws -> WorkspacePath {
        guard let path = WorkspacePath(bytes: bytes + Array("/\(name)".utf8)) else {
            throw ReactionError("\(name) is no name for a file", retryable: false)
        }
        return path
    }
}
