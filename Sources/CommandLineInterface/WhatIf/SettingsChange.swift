import Console
import Daemon
import Millrace
import Runtime

/// Settings that are laid over others: `pipelines.delays.gates[0].atLeast=0.7`.
struct SettingsChange: Sendable {
    let path: [String]
    let value: JSONValue

    /// A path of keys and indices, an equals sign, and a value in JSON; what is no JSON is a text.
    init?(_ text: String) {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        var path: [String] = []
        for part in text[..<equals].split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let key = pieces.first, !key.isEmpty else { return nil }
            path.append(String(key))
            for piece in pieces.dropFirst() {
                guard piece.hasSuffix("]"), let index = Int(piece.dropLast()), index >= 0 else {
                    return nil
                }
                path.append("\(index)")
            }
        }
        self.path = path
        value = SettingsChange.value(String(text[text.index(after: equals)...]))
    }

    init(path: [String], value: JSONValue) {
        self.path = path
        self.value = value
    }

    private static func value(_ text: String) -> JSONValue {
        (try? JSON5Document(parsing: Array(text.utf8)))?.value ?? .string(text)
    }

    func apply(to json: JSONValue) throws -> JSONValue { try set(path[...], in: json) }

    private func set(_ path: ArraySlice<String>, in json: JSONValue) throws -> JSONValue {
        guard let step = path.first else { return value }
        let rest = path.dropFirst()
        switch json {
        case .array(var elements):
            guard let index = Int(step), (0...elements.count).contains(index) else {
                throw problem("the list has \(Format.count(elements.count, "element"))")
            }
            if index == elements.count { elements.append(.object([])) }
            elements[index] = try set(rest, in: elements[index])
            return .array(elements)
        case .object(var members):
            if let index = members.firstIndex(where: { $0.key == step }) {
                members[index].value = try set(rest, in: members[index].value)
            } else {
                members.append(.init(step, try set(rest, in: .object([]))))
            }
            return .object(members)
        default: throw problem("'\(step)' is below \(json.kindName)")
        }
    }

    /// The pipeline that is changed, where the settings have none of that name: before its day in
    /// history there is nothing to change, and one key would make a pipeline without a dataset.
    func missingPipeline(in settings: WorkspaceSettings) -> String? {
        guard path.count > 2, path[0] == "pipelines", settings.pipelines[path[1]] == nil else {
            return nil
        }
        return path[1]
    }

    private func problem(_ reason: String) -> CommandFailure {
        CommandFailure(.settings, "there is no setting \(path.joined(separator: ".")): \(reason)")
    }
}

extension [SettingsChange] {
    /// The settings with all changes. - Throws: all that is wrong with them.
    func applied(
        to settings: WorkspaceSettings, _ registry: PluginRegistry
    ) throws -> WorkspaceSettings {
        var json = try JSONValue(encoding: settings)
        for change in self where change.missingPipeline(in: settings) == nil {
            json = try change.apply(to: json)
        }
        let (checked, issues) = checkSettings(WorkspaceSettings.self, value: json)
        let all = issues + (checked.map { registry.makePlugins($0).issues } ?? [])
        guard let checked, all.isEmpty else {
            throw CommandFailure(
                .settings,
                Text(all.map(\.description).joined(separator: "; ")))
        }
        return checked
    }
}
