import Glibc
import LinuxSystem
package import Millrace
package import Runtime
import Vault

/// What a job sees in its process.
package enum JobContexts {
    package static func make(
        _ folder: JobFolder, _ request: JobRequest, _ layout: WorkspaceLayout
    ) throws -> JobContext {
        try Files.makeDirectories(folder.scratch, mode: 0o700)
        let progress = folder.progress
        return JobContext(
            files: try VaultFiles(layout), scratch: folder.scratch.string,
            threads: request.threads(of: Machine.processors),
            progress: { fraction, doing in
                let said = JobFolder.Progress(fraction: fraction, doing: doing)
                guard let bytes = try? JSONValue(encoding: said).bytes else { return }
                try? Files.replace(progress, with: bytes, mode: 0o600, durable: false)
            },
            run: { try await ProgramCommand.run($0, workspace: layout.root) })
    }
}
