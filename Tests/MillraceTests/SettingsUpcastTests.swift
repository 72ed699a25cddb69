import Millrace
import Testing

/// What older programs journaled about settings is read by this one.
@Suite struct SettingsUpcastTests {
    @Test func `settings from before schedules and programs keep what they said`() throws {
        var settings = WorkspaceSettings()
        settings.pipelines["delays"] = Pipeline()
        settings.runtime.concurrency = 3
        let now = SettingsAccepted(sha256: Digest(words: (1, 2, 3, 4)), settings: settings)
        let payload = try JSONValue(encoding: now)
        let older = without(payload, ["schedule", "externalPlugins", "datasets"])
        #expect(throws: (any Error).self) { try older.decode(SettingsAccepted.self) }
        let upcast = SettingsAccepted.upcast(older, from: 1)
        #expect(try upcast.decode(SettingsAccepted.self).settings == settings)
    }

    private func without(_ payload: JSONValue, _ keys: Set<String>) -> JSONValue {
        guard case .object(let members) = payload else { return payload }
        return .object(
            members.map { member in
                guard member.key == "settings", case .object(let settings) = member.value else {
                    return member
                }
                return .init("settings", .object(settings.filter { !keys.contains($0.key) }))
            })
    }
}
