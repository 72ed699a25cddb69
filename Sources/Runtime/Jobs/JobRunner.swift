import Glibc
package import LinuxSystem
package import Millrace

/// A job's process was out of room.
private struct JobShortage: ShortageError, CustomStringConvertible {
    let description: String
    let isShortage = true
}

/// Does jobs in processes of their own that outlive this one, each job once.
///
/// A job's process takes the lock of the job's folder before it works. So a job that is still running
/// from before a restart is adopted without knowing its pid: the new process waits for the lock, finds
/// the result, and ends.
package final class JobRunner: Sendable {
    package struct Configuration: Sendable {
        /// Where the folders are.
        package var jobs: FilePath
        /// The program that is started as `PROGRAM job-worker FOLDER`.
        package var program: FilePath
        package var environment: [[UInt8]]

        package init(jobs: FilePath, program: FilePath, environment: [[UInt8]]) {
            self.jobs = jobs
            self.program = program
            self.environment = environment
        }
    }

    private let configuration: Configuration
    /// The events that may have a folder: hardly any of those that are handled.
    private let causes = Guarded<Set<EventID>>([])

    package init(_ configuration: Configuration) { self.configuration = configuration }

    /// - Throws: `ReactionError` with what the job said, or with how its process ended.
    package func perform(_ request: JobRequest) async throws -> JSONValue {
        causes.withLock { _ = $0.insert(request.cause) }
        let folder = JobFolder(request, in: configuration.jobs)
        if let result = try folder.readResult() { return try unpack(result, folder) }
        try Files.makeDirectories(folder.scratch, mode: 0o700)
        try Files.replace(
            folder.request, with: try JSONValue(encoding: request).bytes, mode: 0o600,
            durable: false)
        let child = try spawn(folder)
        let ending = try await withTaskCancellationHandler {
            try await BlockingThread.run { try child.wait() }
        } onCancel: {
            JobRunner.stop(folder, child)
        }
        if let result = try folder.readResult() { return try unpack(result, folder) }
        let log = JobRunner.tail(of: folder.log)
        switch ending {
        case .exited(JobWorker.shortage): throw JobShortage(description: log)
        case .exited(let code):
            throw ReactionError("job \(request.job) ended with status \(code): \(log)")
        case .killed(let signal):
            throw ReactionError(
                "the process of job \(request.job) was ended by signal \(signal)"
                    + (signal == SIGKILL ? " (out of memory, or killed by hand)" : "") + ": \(log)")
        }
    }

    private func spawn(_ folder: JobFolder) throws(SystemError) -> ChildProcess {
        let log = try FileDescriptor.open(
            folder.log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600)
        let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDONLY)
        return try ChildProcess.spawn(
            configuration.program, arguments: [Array("job-worker".utf8), folder.path.bytes],
            environment: configuration.environment, input: nothing.raw, output: log.raw,
            error: log.raw, newSession: true)
    }

    private func unpack(_ result: JSONValue, _ folder: JobFolder) throws -> JSONValue {
        if let output = result["output"] { return output }
        // Set aside, so that the next attempt is one.
        try? Files.rename(folder.result, folder.path.appending("failed.json"))
        throw ReactionError(
            result["error"]?.stringValue ?? "the job's result cannot be read",
            retryable: result["retryable"]?.boolValue ?? true)
    }

    /// The one that works may be another than the one that was started and waits.
    private static func stop(_ folder: JobFolder, _ child: ChildProcess) {
        for pid in Set([child.pid] + [folder.worker].compactMap { $0 }) where pid > 1 {
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
        }
    }

    private static func tail(of log: FilePath) -> String {
        guard let bytes = try? Files.read(log, limit: 16 << 20) else { return "it printed nothing" }
        let text = String(decoding: bytes.suffix(2000), as: UTF8.self)
        return text.isEmpty ? "it printed nothing" : text
    }

    /// Whether there is a folder of a job that an event caused, or there was one.
    package func knows(cause: EventID) -> Bool { causes.withLock { $0.contains(cause) } }

    /// Removes the folders of the jobs that an event caused: their results are in the journal.
    package func forget(cause: EventID) {
        causes.withLock { _ = $0.remove(cause) }
        for folder in folders where folder.path.name.string.hasPrefix("\(cause)-") {
            folder.remove()
        }
    }

    /// Removes the folders of all jobs but those of these events.
    package func keepOnly(causes: Set<EventID>) {
        self.causes.withLock { $0.formUnion(causes) }
        for folder in folders {
            guard let cause = EventID(hex: folder.path.name.string.prefix(32)),
                causes.contains(cause)
            else {
                folder.remove()
                continue
            }
        }
    }

    /// The folders of all jobs that are known.
    package var folders: [JobFolder] {
        let names = (try? Files.names(in: configuration.jobs)) ?? []
        return names.map { JobFolder(configuration.jobs.appending($0)) }
    }
}
