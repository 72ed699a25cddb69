package import Millrace

/// What is to be otherwise in a what-if.
package struct WhatIfChanges: Sendable {
    /// A contract that lies in `contracts/` from the beginning on.
    package struct Contract: Sendable {
        package let dataset: String
        package let path: WorkspacePath
        package let bytes: [UInt8]

        package init(dataset: String, path: WorkspacePath, bytes: [UInt8]) {
            self.dataset = dataset
            self.path = path
            self.bytes = bytes
        }
    }

    /// The first record that is under the changes.
    package var since: UInt64 = 1
    /// The settings that are in force instead of those that the journal has; nil: those.
    package var settings: (@Sendable (WorkspaceSettings) throws -> WorkspaceSettings)?
    package var contracts: [Contract] = []
    /// Plugins that react again even where nothing that they react to is otherwise.
    package var reruns: Set<String> = []
    /// Train for real where no outcome is known.
    package var trains = false

    package init() {}
}

/// What a what-if does to the machine: nothing, but in its own folder.
package struct WhatIfMachine: Sendable {
    /// The workspace's vault; it is only read.
    package var files: any FileStore
    /// An empty folder of its own, for what would be written.
    package var scratch: String
    /// Runs the programs of trainings; used only with `trains`.
    package var run: @Sendable (ProcessRequest) async throws -> CommandResult
    package var processors: Int
    /// A file of the time zone database.
    package var timeZone: @Sendable (String) throws -> [UInt8]
    /// Told by a job how far it is, from 0 to 1, and what it does.
    package var progress: @Sendable (Double, String) -> Void = { _, _ in }

    package init(
        files: any FileStore, scratch: String, processors: Int,
        timeZone: @escaping @Sendable (String) throws -> [UInt8],
        run: @escaping @Sendable (ProcessRequest) async throws -> CommandResult
    ) {
        self.files = files
        self.scratch = scratch
        self.processors = processors
        self.timeZone = timeZone
        self.run = run
    }
}
