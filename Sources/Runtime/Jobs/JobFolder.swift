package import Glibc
package import LinuxSystem
package import Millrace

/// The folder of one job: what was asked, who does it, how far it is, and what came of it.
///
///     request.json   what was asked; written before the process is started
///     lock           held by the one process that works; has its pid
///     progress.json  how far it is
///     log            what it printed
///     scratch/       its own files
///     result.json    {"output": …} or {"error": "…", "retryable": true}; put there by rename, last
package struct JobFolder: Sendable {
    package let path: FilePath

    package init(_ path: FilePath) { self.path = path }

    package init(_ request: JobRequest, in jobs: FilePath) {
        path = jobs.appending("\(request.cause)-\(request.plugin)-\(request.job)")
    }

    package var request: FilePath { path.appending("request.json") }
    package var lock: FilePath { path.appending("lock") }
    package var progress: FilePath { path.appending("progress.json") }
    package var log: FilePath { path.appending("log") }
    package var scratch: FilePath { path.appending("scratch") }
    package var result: FilePath { path.appending("result.json") }

    /// The most that a request or a result may have.
    package static let sizeLimit = 64 << 20

    package func readRequest() throws -> JobRequest {
        try JSONValue(parsing: try Files.read(request, limit: JobFolder.sizeLimit))
            .decode(JobRequest.self)
    }

    /// What the job came to; nil while it has come to nothing.
    package func readResult() throws -> JSONValue? {
        guard try FileStatus.of(result) != nil else { return nil }
        return try JSONValue(parsing: try Files.read(result, limit: JobFolder.sizeLimit))
    }

    package struct Progress: Codable, Sendable {
        package var fraction: Double
        package var doing: String

        package init(fraction: Double, doing: String) {
            self.fraction = fraction
            self.doing = doing
        }
    }

    /// How far the job is; nil when it has not said.
    package func readProgress() -> Progress? {
        guard let bytes = try? Files.read(progress, limit: 4096) else { return nil }
        return try? JSONValue(parsing: bytes).decode(Progress.self)
    }

    /// The pid of the process that works on it; nil when none does.
    package var worker: pid_t? {
        guard let file = try? FileDescriptor.open(lock, O_RDWR | O_NOFOLLOW),
            let isFree = try? file.lock(), !isFree,
            let bytes = try? file.readAll(limit: 32)
        else { return nil }
        return pid_t(String(decoding: bytes, as: UTF8.self))
    }

    /// Removes the folder with everything in it.
    package func remove() { try? Files.removeFolder(path) }
}
