import Glibc
import LinuxSystem
package import Millrace

/// The process that does one job.
package enum JobWorker {
    /// Works on the job of a folder, or waits for the process that does, and leaves the result there.
    ///
    /// - Parameter makeContext: makes what the job sees, from its folder and what was asked.
    /// - Returns: the process's exit status: 0 with a result, `shortage` when it was out of room and did
    ///   nothing that counts.
    package static func run(
        _ folder: JobFolder, plugins: PluginRegistry,
        makeContext: (JobFolder, JobRequest) throws -> JobContext
    ) async -> Int32 {
        do {
            let lock = try FileDescriptor.open(folder.lock, O_RDWR | O_CREAT | O_NOFOLLOW)
            // Waits as long as another process works on the same job.
            try systemCall("flock", folder.lock.description) { flock(lock.raw, LOCK_EX) }
            if try folder.readResult() != nil { return 0 }
            try lock.truncate(to: 0)
            try lock.writeAll(Array("\(getpid())".utf8))
            volunteerForMemoryPressure()
            let request = try folder.readRequest()
            let result = try await result(of: request, plugins, try makeContext(folder, request))
            try Files.replace(folder.result, with: result.bytes, mode: 0o600, durable: false)
            _ = consume lock
            return 0
        } catch let error as any ShortageError where error.isShortage {
            say("\(error)")
            return shortage
        } catch {
            say("\(error)")
            return 3
        }
    }

    /// EX_TEMPFAIL of sysexits(3): no fault of the job, to be tried again.
    package static let shortage: Int32 = 75

    /// - Throws: what the machine was out of.
    private static func result(
        of request: JobRequest, _ plugins: PluginRegistry, _ context: JobContext
    ) async throws -> JSONValue {
        guard let job = plugins.job(plugin: request.plugin, name: request.job) else {
            return failure(
                "this program has no job \(request.job) of plugin \(request.plugin)",
                retryable: false)
        }
        do {
            return ["output": try await output(of: job, request.input, context)]
        } catch let error as any ShortageError where error.isShortage {
            throw error
        } catch let error as ReactionError {
            return failure(error.description, retryable: error.retryable)
        } catch {
            return failure("\(error)", retryable: true)
        }
    }

    private static func output<J: Job>(
        of job: J.Type, _ input: JSONValue, _ context: JobContext
    ) async throws -> JSONValue {
        try JSONValue(encoding: await job.run(try input.decode(J.Input.self), context))
    }

    private static func failure(_ error: String, retryable: Bool) -> JSONValue {
        ["error": .string(error), "retryable": .bool(retryable)]
    }

    /// When memory runs out the kernel takes this process and not the daemon: it can be done again.
    private static func volunteerForMemoryPressure() {
        if let file = try? FileDescriptor.open(FilePath("/proc/self/oom_score_adj"), O_WRONLY) {
            try? file.writeAll(Array("500".utf8))
        }
    }

    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
