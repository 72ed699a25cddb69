/// One key of some settings, for people.
public struct SettingsField: Hashable, Sendable {
    /// The keys that lead to it; `*` stands for any key of a dictionary and any place in a list.
    public let path: [String]
    /// What it takes, for example `a whole number` or `one of "fast", "slow"`.
    public let kind: String
    /// Nil when nothing is there unless the user says so.
    public let defaultValue: JSONValue?
    public let help: String?
}

/// All keys of some settings in the order in which they are declared, nested ones behind the key
/// that holds them.
public func describeSettings<T: PluginSettings>(_ type: T.Type = T.self) -> [SettingsField] {
    var fields: [SettingsField] = []
    describe(type, path: [], outer: [], into: &fields)
    return fields
}

private func describe<T: PluginSettings>(
    _ type: T.Type, path: [String], outer: [any PluginSettings.Type],
    into fields: inout [SettingsField]
) {
    // Settings that can contain themselves are described once.
    guard !outer.contains(where: { $0 == type }),
        let defaults = try? JSONValue(encoding: T())
    else { return }
    let decoder = SettingsDecoder(
        defaults, fallback: nil, parent: nil, key: nil, log: SettingsLog(), isLenient: true)
    _ = try? decoder.value(of: type)
    for field in decoder.fields {
        let path = path + [field.name]
        fields.append(
            SettingsField(
                path: path, kind: kind(field.type, defaults[field.name]),
                defaultValue: defaults[field.name], help: T.help[field.name]))
        if let (steps, nested) = field.type.flatMap({ settings(in: $0) }) {
            describe(nested, path: path + steps, outer: outer + [type], into: &fields)
        }
    }
}

/// The words for a type; where there are none, those for its default.
private func kind(_ type: (any Decodable.Type)?, _ defaultValue: JSONValue?) -> String {
    let words = type.map { expectation($0) } ?? anything
    return words == anything ? defaultValue?.kindName ?? anything : words
}

/// The settings that a type is, or holds, and the steps of the path to them.
private func settings(in type: any Any.Type) -> ([String], any PluginSettings.Type)? {
    switch type {
    case let type as any PluginSettings.Type: return ([], type)
    case let type as any JSONOptional.Type: return settings(in: type.wrappedType)
    case let type as any JSONList.Type:
        return settings(in: type.elementType).map { (["*"] + $0.0, $0.1) }
    case let type as any JSONDictionary.Type:
        return settings(in: type.valueType).map { (["*"] + $0.0, $0.1) }
    default: return nil
    }
}
