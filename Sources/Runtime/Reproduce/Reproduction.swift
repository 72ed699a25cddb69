package import Journal
package import Millrace

/// Makes a model version again from the record of its run: the bytes of data and code that it names,
/// its parameters and its seed. The trainer is this program's; what it stores lies in a scratch folder.
package struct Reproduction {
    /// Why there is nothing to compare.
    package enum Nothing: Error {
        case noVersion
        /// Nobody here reacts to the run by making a version.
        case noTrainer
        case failed(String)
    }

    /// A version as it is on record, and as it came out again.
    package struct Answer: Sendable {
        package let recorded: ModelVersionCreated
        package let made: ModelVersionCreated
        package let run: RunStarted
        /// When the run was recorded.
        package let time: Timestamp
        /// The record of the version.
        package let sequence: UInt64
        /// Of the training: then, and now.
        package let seconds: (recorded: Double?, made: Double?)

        /// The model's bytes are the same.
        package var isSame: Bool { recorded.artifact == made.artifact }
    }

    private let reader: JournalReader
    private let registry: PluginRegistry
    private let search: EvidenceSearch

    /// - Parameter last: the last record that counts.
    package init(_ reader: JournalReader, registry: PluginRegistry, upTo last: UInt64) {
        self.reader = reader
        self.registry = registry
        search = EvidenceSearch(reader, upTo: last)
    }

    /// The version in the last stage that it reached; else the newest. Nil without any.
    package func defaultVersion(of model: String) throws -> Int? {
        let deployed = try search.latest(about: .model(model), DeploymentCompleted.self)
        let made = try deployed ?? search.latest(about: .model(model), ModelVersionCreated.self)
        return made?.payload(as: DeploymentCompleted.self)?.version
            ?? made?.payload(as: ModelVersionCreated.self)?.version
    }

    package func versions(of model: String) throws -> [Int] { try search.versions(of: model) }

    /// - Parameter keep: is given the bytes of the model that was made.
    /// - Throws: `Nothing`, or what a training throws.
    package func run(
        _ model: String, _ version: Int, on machine: WhatIfMachine,
        keep: (any FileStore, Digest) throws -> Void
    ) async throws -> Answer {
        guard let event = try search.latest(ModelVersionCreated.self, model, version),
            let recorded = event.payload(as: ModelVersionCreated.self),
            let started = try search.latest(
                about: .pipeline(model), RunStarted.self,
                where: { $0.payload(as: RunStarted.self)?.run == recorded.run }),
            let run = started.payload(as: RunStarted.self)
        else { throw Nothing.noVersion }
        let world = WhatIfWorld(
            machine, registry: registry, memories: ProjectionSet([]), trains: true)
        world.now = started.time
        let view = try WorkspaceView(
            reader,
            projections: registry.types.flatMap { $0.projections },
            at: .sequence(started.sequence - 1))
        let settings = try search.settings(at: started.sequence)
        var rehearsal = Rehearsal(
            registry, settings?.payload(as: SettingsAccepted.self)?.settings ?? WorkspaceSettings(),
            view.projections, in: world)
        let events = try await rehearsal.react(to: started) {
            $0.emits.contains(ModelVersionCreated.type) && !$0.jobs.isEmpty
        }
        if let failed = events.lazy.compactMap({ $0.payload(as: RunFailed.self) }).first {
            throw Nothing.failed(failed.error)
        }
        guard
            let made = events.lazy.compactMap({ $0.payload(as: ModelVersionCreated.self) }).first
        else { throw Nothing.noTrainer }
        try keep(world.files, made.artifact)
        return Answer(
            recorded: recorded, made: made, run: run, time: started.time,
            sequence: event.sequence,
            seconds: (
                try completed(recorded)?.seconds,
                events.lazy.compactMap({ $0.payload(as: RunCompleted.self) }).first?.seconds
            ))
    }

    private func completed(_ version: ModelVersionCreated) throws -> RunCompleted? {
        try search.latest(
            about: .pipeline(version.model), RunCompleted.self,
            where: { $0.payload(as: RunCompleted.self)?.run == version.run }
        )?.payload(as: RunCompleted.self)
    }
}
