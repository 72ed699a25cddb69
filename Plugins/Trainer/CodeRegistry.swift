import Millrace

/// The files of each pipeline's code as they are now, and the program that the daemon is: what a run
/// records beside its data.
struct CodeRegistry: Projection {
    static let types: [any EventPayload.Type] = [
        FileArrived.self, FileRemoved.self, DaemonStarted.self,
    ]

    private var pipelines: [String: [WorkspacePath: Digest]] = [:]
    private var program: String?

    init() {}

    /// By path below the workspace.
    func files(of pipeline: String) -> [String: Digest] {
        Dictionary(
            (pipelines[pipeline] ?? [:]).map { ($0.key.description, $0.value) },
            uniquingKeysWith: { first, _ in first })
    }

    var environment: [String: String] {
        var environment = ["platform": CodeRegistry.platform]
        environment["program"] = program
        return environment
    }

    func isIndifferent(to type: String, about subject: Subject) -> Bool {
        // Most files are data, and say nothing to whoever has no code.
        pipelines.isEmpty && type != DaemonStarted.type && subject.kind != "code"
    }

    mutating func apply(_ event: Event) {
        if isIndifferent(to: event.type, about: event.subject) { return }
        if let arrived = event.payload(as: FileArrived.self) {
            if let previous = arrived.previousPath { remove(previous) }
            if arrived.area.kind == .code {
                pipelines[arrived.area.name, default: [:]][arrived.path] = arrived.sha256
            }
        } else if let removed = event.payload(as: FileRemoved.self) {
            remove(removed.path)
        } else if let started = event.payload(as: DaemonStarted.self) {
            program = started.program
        }
    }

    private mutating func remove(_ path: WorkspacePath) {
        let area = Area(of: path)
        guard area.kind == .code else { return }
        pipelines[area.name]?[path] = nil
    }

    private static var platform: String {
        #if arch(x86_64)
            "linux-x86_64"
        #elseif arch(arm64)
            "linux-arm64"
        #else
            "linux"
        #endif
    }
}
