package import LinuxSystem
import Millrace
package import Runtime

extension WhatIfMachine {
    /// What a question about a workspace may use: its vault, and a folder of its own.
    package init(of layout: WorkspaceLayout, scratch: FilePath) throws {
        self.init(
            files: try VaultFiles(layout), scratch: scratch.string,
            processors: Machine.processors, timeZone: { try TimeZoneFiles.bytes($0) },
            run: { try await ProgramCommand.run($0, workspace: scratch) })
    }
}
