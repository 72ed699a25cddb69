import Glibc
import LinuxSystem
import Millrace
import MillraceTesting
import Runtime
import Testing

/// Finds the disk full, or has another trouble.
private struct FullJob: Job {
    static let name = "full"
    struct Input: Codable, Sendable { var isFull: Bool }
    struct Output: Codable, Sendable {}

    static func run(_ input: Input, _ context: JobContext) async throws -> Output {
        throw input.isFull
            ? SystemError(.noSpace, "write", "model") : SystemError(.invalid, "read", "data")
    }
}

private struct FullPlugin: Plugin {
    static let name: PluginName = "full"
    static let summary = "Has a job that finds the disk full."
    static let jobs: [any Job.Type] = [FullJob.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { _, _ -> [FileArrived] in [] }
    }
}

@Suite struct JobShortageTests {
    private func folder<R>(_ body: (FilePath) async throws -> R) async throws -> R {
        var name = Array("/tmp/millrace-job-XXXXXX".utf8CString)
        try #require(mkdtemp(&name) != nil)
        let path = FilePath(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        defer { try? Files.removeFolder(path) }
        return try await body(path)
    }

    private func request(isFull: Bool) throws -> JobRequest {
        JobRequest(
            plugin: "full", job: "full", cause: EventID(high: 1, low: 2), subject: .workspace,
            input: try JSONValue(encoding: FullJob.Input(isFull: isFull)))
    }

    @Test
    func `a job that finds the disk full leaves no result, and its process says why it ended`()
        async throws
    {
        try await folder { path in
            let job = JobFolder(try request(isFull: true), in: path)
            #expect(try await work(on: job, isFull: true) == JobWorker.shortage)
            #expect(try job.readResult() == nil)
            // Any other trouble is one of the job.
            #expect(try await work(on: job, isFull: false) == 0)
            #expect(try job.readResult()?["retryable"] == true)
        }
    }

    private func work(on job: JobFolder, isFull: Bool) async throws -> Int32 {
        try Files.makeDirectories(job.scratch)
        try Files.replace(
            job.request, with: try JSONValue(encoding: try request(isFull: isFull)).bytes,
            durable: false)
        return await JobWorker.run(job, plugins: PluginRegistry([FullPlugin.self])) { folder, _ in
            JobContext(
                files: MemoryWorld(plugins: [FullPlugin.self]).files,
                scratch: folder.scratch.string,
                threads: 1, progress: { _, _ in },
                run: { _ in throw ReactionError("there are no programs here") })
        }
    }

    @Test func `the daemon takes that for a lack of room, not for an attempt`() async throws {
        try await folder { path in
            let program = path.appending("worker.sh")
            try Files.replace(
                program, with: Array("#!/bin/sh\necho no space left\nexit 75\n".utf8), mode: 0o755,
                durable: false)
            let runner = JobRunner(
                JobRunner.Configuration(
                    jobs: path.appending("jobs"), program: program, environment: []))
            do {
                _ = try await runner.perform(try request(isFull: true))
                Issue.record("there was a result")
            } catch let error as any ShortageError {
                #expect(error.isShortage)
                #expect("\(error)".contains("no space left"))
            }
        }
    }
}
