import LinuxSystem
package import Millrace
import Synchronization
package import Vault

/// The programs of all external plugins.
package final class ExternalHost: Sendable {
    private let layout: WorkspaceLayout
    private let vault: Vault
    private let logger: Logger
    private let runners = Mutex<[PluginName: ExternalRunner]>([:])

    package init(layout: WorkspaceLayout, vault: Vault, logger: Logger) {
        self.layout = layout
        self.vault = vault
        self.logger = logger
    }

    /// Has a program handle an event. - Throws: what it answered, or how it ended.
    package func ask(_ request: ExternalRequest) async throws -> [ExternalEvent] {
        try await runner(of: request.plugin).ask(request)
    }

    /// Ends all programs.
    package func stop() async {
        for runner in runners.withLock({ Array($0.values) }) { await runner.stop() }
    }

    private func runner(of plugin: PluginName) throws -> ExternalRunner {
        try runners.withLock { runners in
            if let runner = runners[plugin] { return runner }
            let (vault, logger) = (vault, logger)
            let runner = try ExternalRunner(
                plugin, layout,
                path: { vault.contains($0) ? try? vault.file(of: $0).string : nil },
                log: { logger.log($0, $1) })
            runners[plugin] = runner
            return runner
        }
    }
}
