import Glibc
import LinuxSystem
package import Millrace
package import Runtime

/// Where the stages lead on the disk, against what the journal says is live there. The folders are open to
/// people and other programs; the journal decides.
package struct StageLinks {
    /// A stage that does not lead to its live version.
    package struct Flaw: Sendable {
        package let stage: String
        package let version: ModelVersionCreated
        /// What is the matter, in words.
        package let finding: String
        let link: WorkspacePath
        let release: WorkspacePath
    }

    private let layout: WorkspaceLayout

    package init(_ layout: WorkspaceLayout) { self.layout = layout }

    /// Is there work for a plugin that switches stages? It may have switched one and not said so yet.
    package static func maySwitch(_ plugins: [RegisteredPlugin], _ history: DeliveryHistory) -> Bool
    {
        plugins.contains { plugin in
            plugin.emits.contains(DeploymentCompleted.type)
                && history.positions[plugin.name.rawValue]?.pending.isEmpty == false
        }
    }

    /// Of the pipelines and stages that the settings have, in their order.
    package func flaws(_ models: ModelRegistry, _ settings: WorkspaceSettings) -> [Flaw] {
        var flaws: [Flaw] = []
        for (name, pipeline) in settings.pipelines.sorted(by: { $0.key < $1.key }) {
            guard let model = models.models[name] else { continue }
            for stage in pipeline.stages {
                guard let live = model.live(in: stage),
                    let version = model.versions[live]?.created,
                    let link = WorkspacePath(escaped: "deployments/\(stage)/\(name)"),
                    let release = WorkspacePath(escaped: "models/\(name)/\(live)"),
                    let finding = finding(link, release, version.file)
                else { continue }
                flaws.append(
                    Flaw(
                        stage: stage, version: version, finding: finding, link: link,
                        release: release))
            }
        }
        return flaws
    }

    /// Nil when all is well.
    private func finding(
        _ link: WorkspacePath, _ release: WorkspacePath, _ file: String
    ) -> String? {
        do {
            guard let status = try FileStatus.of(layout.path(of: link)) else {
                return "\(link) is gone"
            }
            guard status.kind == .symbolicLink else { return "\(link) is no link" }
            let target = try WorkspaceFolders.target(of: layout.path(of: link))
            guard target == release else {
                return "\(link) leads to \(target.map { "\($0)" } ?? "nowhere"), not to \(release)"
            }
            let model = layout.path(of: release).appending(FilePath(file))
            return try FileStatus.of(model) == nil ? "\(release)/\(file) is gone" : nil
        } catch {
            return "\(link) cannot be looked at: \(error)"
        }
    }

    /// Makes it as the journal says: the link, and what of the release is not there.
    func restore(_ flaw: Flaw, _ folders: WorkspaceFolders) throws {
        var files = [flaw.version.file: flaw.version.artifact]
        files["examples.json"] = flaw.version.examples
        for (name, digest) in files {
            guard let path = WorkspacePath(escaped: "\(flaw.release)/\(name)"),
                try FileStatus.of(layout.path(of: path)) == nil
            else { continue }
            try folders.place(digest, at: path)
        }
        try folders.link(flaw.link, to: flaw.release)
    }
}

extension Daemon {
    /// Puts right what stages lead to, and says what it was. For the start, before anything is done.
    func restoreStages(
        _ settings: WorkspaceSettings, _ plugins: [RegisteredPlugin], _ history: DeliveryHistory
    ) throws -> [EventDraft] {
        // Who died between switching a stage and saying so does it again, and says so.
        guard !StageLinks.maySwitch(plugins, history),
            let models = runtime.projection(ModelRegistry.self)
        else { return [] }
        let links = StageLinks(layout)
        let folders = WorkspaceFolders(layout, try VaultFiles(layout, vault))
        var drafts: [EventDraft] = []
        for flaw in links.flaws(models, settings) {
            do { try links.restore(flaw, folders) } catch {
                logger.log(.error, "\(flaw.finding), and cannot be put right: \(error)")
                continue
            }
            let restored = DeploymentRestored(
                model: flaw.version.model, version: flaw.version.version,
                artifact: flaw.version.artifact, stage: flaw.stage, finding: flaw.finding)
            drafts.append(try Intake.outside(restored, actor: .system, at: WallClock.now))
        }
        return drafts
    }
}
