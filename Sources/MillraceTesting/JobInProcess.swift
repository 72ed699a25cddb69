import Glibc
import LinuxSystem
import Millrace

/// Does a job at once, in the test's own process.
enum JobInProcess {
    static func run(
        _ job: any Job.Type, _ input: JSONValue, files: any FileStore,
        command: @escaping @Sendable (ProcessRequest) async throws -> CommandResult
    ) async throws -> JSONValue {
        let scratch = try TemporaryFolder.make("job")
        defer { try? Files.removeFolder(scratch) }
        let context = JobContext(
            files: files, scratch: scratch.string, threads: 1, progress: { _, _ in },
            run: command)
        return try await output(of: job, input, context)
    }

    private static func output<J: Job>(
        of job: J.Type, _ input: JSONValue, _ context: JobContext
    ) async throws -> JSONValue {
        try JSONValue(encoding: await job.run(try input.decode(J.Input.self), context))
    }
}

/// Folders that a test makes and removes.
enum TemporaryFolder {
    static func make(_ purpose: String) throws -> FilePath {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var name = Array("\(parent)/millrace-\(purpose)-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw SystemError(.current, "mkdtemp", parent) }
        return FilePath(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }
}
