import Glibc
package import LinuxSystem
package import Millrace
package import Runtime
package import Vault

/// The real machine behind a context.
package struct LiveWorld: World {
    private let layout: WorkspaceLayout
    private let vault: Vault
    private let jobs: JobRunner
    private let logger: Logger
    private let external: ExternalHost
    package let files: any FileStore
    package let outputs: any OutputFolders

    package init(
        layout: WorkspaceLayout, vault: Vault, files: VaultFiles, jobs: JobRunner,
        external: ExternalHost, logger: Logger
    ) {
        self.layout = layout
        self.vault = vault
        self.jobs = jobs
        self.logger = logger
        self.external = external
        self.files = files
        outputs = WorkspaceFolders(layout, files)
    }

    package var now: Timestamp { WallClock.now }

    package func run(_ command: ProcessRequest) async throws -> CommandResult {
        try await ProgramCommand.run(command, workspace: layout.root)
    }

    package func perform(_ request: JobRequest) async throws -> JSONValue {
        // The job reads from a process of its own.
        try vault.placeAll()
        return try await jobs.perform(request)
    }

    package func ask(_ request: ExternalRequest) async throws -> [ExternalEvent] {
        try await external.ask(request)
    }

    package func log(_ level: LogLevel, _ message: String) { logger.log(level, message) }

    package func timeZone(named name: String) throws -> [UInt8] { try TimeZoneFiles.bytes(name) }
}

/// The clock on the wall.
package enum WallClock {
    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

/// Runs the programs of plugins and trainers.
package enum ProgramCommand {
    /// What a program finds in its environment, beside what it is given: nothing secret of ours.
    package static let inherited = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER"]
    private static let standardPath = "/usr/local/bin:/usr/bin:/bin"
    private static let outputLimit = 1 << 20

    package static func run(
        _ command: ProcessRequest, workspace: FilePath
    ) async throws -> CommandResult {
        guard let name = command.arguments.first, !name.isEmpty else {
            throw ReactionError("no program is named: the command is empty", retryable: false)
        }
        let path = variable("PATH") ?? standardPath
        guard let program = ProgramRunner.find(name, path: path) else {
            throw ReactionError("the program '\(name)' is not in PATH (\(path))")
        }
        var environment = environment(of: inherited)
        environment["PATH"] = path
        environment.merge(command.environment) { $1 }
        let list = environment.keys.sorted().map { Array("\($0)=\(environment[$0] ?? "")".utf8) }
        let result = try await BlockingThread.run {
            try ProgramRunner.run(
                program, arguments: command.arguments.dropFirst().map { Array($0.utf8) },
                environment: list,
                directory: command.directory.map { FilePath($0) } ?? workspace,
                input: command.input, limit: outputLimit,
                milliseconds: Int64(min(max(command.timeout, 0.001), 31_622_400) * 1000))
        }
        let tail = String(decoding: result.errorOutput.suffix(2000), as: UTF8.self)
        if result.timedOut {
            throw ReactionError(
                "\(name) was ended after \(command.timeout) seconds, its limit: \(tail)")
        }
        switch result.ending {
        case .exited(0):
            return CommandResult(output: result.output, errorOutput: result.errorOutput)
        case .exited(let code): throw ReactionError("\(name) exited with status \(code): \(tail)")
        case .killed(let signal):
            throw ReactionError("\(name) was ended by signal \(signal): \(tail)")
        }
    }

    package static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        return String(cString: value)
    }

    private static func environment(of names: [String]) -> [String: String] {
        var found: [String: String] = [:]
        for name in names { found[name] = variable(name) }
        return found
    }
}
