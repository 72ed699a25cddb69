/// Makes settings from what the user wrote, or says everything that is wrong with it at once.
///
/// The user's value is laid over the defaults, `T()`, key by key; nested `PluginSettings` are laid
/// over their own. Reported are unknown keys, values of the wrong type, and what `validate` finds.
///
/// - Parameters:
///   - value: what the user wrote; an empty object for nothing.
///   - path: where it stands in the settings file, for messages.
///   - document: the file, for lines.
/// - Returns: the settings, or nil and why.
public func checkSettings<T: PluginSettings>(
    _ type: T.Type = T.self, value: JSONValue, path: [String] = [],
    document: JSON5Document? = nil
) -> (settings: T?, issues: [SettingsIssue]) {
    let log = SettingsLog()
    let top = path.reduce(nil as ValueDecoder?) { parent, step in
        ValueDecoder(.null, parent: parent, key: JSONKey(step))
    }
    let settings = try? SettingsDecoder.checked(
        type, value, fallback: nil, parent: top, key: nil, log: log)
    var issues = log.issues.map {
        SettingsIssue(
            path: $0.path, message: $0.message, position: document?.nearestPosition(of: $0.path))
    }
    if document != nil {
        let end = SourcePosition(line: .max, column: .max)
        issues.sort { ($0.position ?? end) < ($1.position ?? end) }
    }
    return (issues.isEmpty ? settings : nil, issues)
}

/// Settings of an older program with every key that has come since, at its default; nil when they are
/// no settings of this type at all. Keys that are no more are left out, and no rule is applied: they
/// were in force.
func completedSettings<T: PluginSettings>(_ type: T.Type, from value: JSONValue?) -> JSONValue? {
    guard let value,
        let settings = try? SettingsDecoder.checked(
            type, value, fallback: nil, parent: nil, key: nil, log: SettingsLog())
    else { return nil }
    return try? JSONValue(encoding: settings)
}

/// The settings with nothing changed: what a user can start from.
public func exampleSettings<T: PluginSettings>(
    _ type: T.Type = T.self
) throws(JSONEncodingError) -> JSONValue {
    try JSONValue(encoding: T())
}
