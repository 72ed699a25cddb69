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

    @Test func `settings from before metrics and quiet hours keep what they said`() throws {
        var settings = WorkspaceSettings()
        settings.pipelines["delays"] = Pipeline()
        settings.runtime.concurrency = 3
        let now = SettingsAccepted(sha256: Digest(words: (1, 2, 3, 4)), settings: settings)
        let older = without(try JSONValue(encoding: now), ["metrics"])
        #expect(throws: (any Error).self) { try older.decode(SettingsAccepted.self) }
        let upcast = SettingsAccepted.upcast(older, from: 2)
        #expect(try upcast.decode(SettingsAccepted.self).settings == settings)
    }

    @Test func `settings from before retention keep what they said`() throws {
        var settings = WorkspaceSettings()
        settings.metrics.textfile = ""
        let now = SettingsAccepted(sha256: Digest(words: (1, 2, 3, 4)), settings: settings)
        let older = without(try JSONValue(encoding: now), ["retention"])
        #expect(throws: (any Error).self) { try older.decode(SettingsAccepted.self) }
        let upcast = SettingsAccepted.upcast(older, from: 3)
        #expect(try upcast.decode(SettingsAccepted.self).settings == settings)
    }

    /// A key more or less without a version of its own makes settings of older journals unreadable.
    @Test func `the keys of settings are those of this version`() throws {
        var settings = WorkspaceSettings()
        settings.pipelines["p"] = Pipeline()
        settings.datasets["d"] = DatasetSettings()
        let keys = paths(try JSONValue(encoding: settings)).sorted()
        #expect(SettingsAccepted.version == 4)
        #expect(keys == Self.keysOfVersion4)
    }

    private static let keysOfVersion4 = [
        "datasets.d.nulls",
        "datasets.d.set.marker",
        "datasets.d.set.quiet",
        "datasets.d.settle",
        "externalPlugins",
        "metrics.interval",
        "metrics.textfile",
        "pipelines.p.approval",
        "pipelines.p.champion.gain",
        "pipelines.p.champion.metric",
        "pipelines.p.dataset",
        "pipelines.p.drift.columns",
        "pipelines.p.drift.effect",
        "pipelines.p.drift.minimumRows",
        "pipelines.p.drift.significance",
        "pipelines.p.features",
        "pipelines.p.gates",
        "pipelines.p.retrain.coolDown",
        "pipelines.p.retrain.first",
        "pipelines.p.retrain.newRows",
        "pipelines.p.retrain.onCode",
        "pipelines.p.retrain.onDrift",
        "pipelines.p.retrain.quiet.from",
        "pipelines.p.retrain.quiet.to",
        "pipelines.p.retrain.quiet.zone",
        "pipelines.p.stages",
        "pipelines.p.target.column",
        "pipelines.p.trainer.algorithm",
        "pipelines.p.trainer.command",
        "pipelines.p.trainer.holdout",
        "pipelines.p.trainer.parameters",
        "pipelines.p.trainer.seed",
        "pipelines.p.trainer.timeLimit",
        "plugins",
        "retention.journal.archive",
        "retention.journal.keep",
        "retention.vault.keep",
        "runtime.attempts",
        "runtime.backoff",
        "runtime.backoffLimit",
        "runtime.chainDepth",
        "runtime.concurrency",
        "runtime.drain",
        "runtime.trainingThreads",
        "schedule",
        "watch.fileSizeLimit",
        "watch.ignore",
        "watch.scanInterval",
        "watch.scanned",
        "watch.temporary",
    ]

    private func paths(_ value: JSONValue, _ path: String = "") -> [String] {
        guard case .object(let members) = value, !members.isEmpty else { return [path] }
        return members.flatMap { paths($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") }
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
