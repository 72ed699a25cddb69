import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// As a service manager runs it: no terminal, no HOME, nothing in the environment.
    @Suite struct HeadlessTests {
        @Test
        func `it tells the service manager when it is ready, that it lives, and that it stops`()
            async throws
        {
            try await Workspace.use { mill in
                let socket = try NotifySocket(mill.root.appending(".notify"))
                let child = try mill.spawn(
                    [],
                    environment: [
                        "NOTIFY_SOCKET": socket.path.string, "WATCHDOG_USEC": "300000",
                        "JOURNAL_STREAM": "8:1",
                    ])
                mill.daemon = child
                try socket.wait(for: "READY=1", from: child) { mill.logTail }
                // Ready means: what is there has been journaled.
                #expect(
                    try mill.facts(FileArrived.self).map(\.payload.path.name) == ["millrace.json"])
                for _ in 0..<3 {
                    try socket.wait(for: "WATCHDOG=1", from: child) { mill.logTail }
                }
                try mill.signal(SIGTERM)
                try socket.wait(for: "STOPPING=1", from: child) { mill.logTail }
                #expect(try mill.waitForEnd() == .exited(0))
                let order = socket.messages.compactMap { $0.split(separator: "\n").first }
                #expect(order.first(where: { $0 != "WATCHDOG=1" }) == "READY=1")
                // To journald, a line begins with its priority and has no time.
                let log = try mill.text("daemon.log").split(separator: "\n")
                #expect(!log.isEmpty)
                #expect(log.allSatisfy { $0.first == "<" && $0.dropFirst(2).first == ">" })
            }
        }

        @Test(arguments: ["<&-", "<&- >&- 2>&-"])
        func `it needs neither environment nor open descriptors`(_ closed: String) async throws {
            try await Workspace.use { mill in
                let script =
                    "exec /usr/bin/env -i \"$0\" run --workspace \"$1\" --with-parent=\(getpid()) \(closed)"
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDWR)
                let child = try ChildProcess.spawn(
                    FilePath("/bin/sh"),
                    arguments: ["-c", script, Workspace.program.string, mill.root.string].map {
                        Array($0.utf8)
                    }, environment: [], input: nothing.raw, output: nothing.raw,
                    error: nothing.raw, newSession: true)
                mill.daemon = child
                try mill.wait(for: StageChecked.self) { $0.stage == "production" }
                let environment = try FileDescriptor.open(
                    FilePath("/proc/\(child.pid)/environ"), O_RDONLY
                ).readAll(limit: 1 << 16)
                #expect(environment == [])
                // Nothing that is written to the standard streams can reach a file of ours.
                for number in 0...2 {
                    let path = try target(of: number, in: child)
                    #expect(path == nil || path == "/dev/null", "descriptor \(number)")
                }
                #expect(try mill.stop() == .exited(0))
                #expect(try mill.run(["verify", "--vault"]).code == 0)
            }
        }

        /// What a descriptor of a process is open on; nil for none.
        private func target(of number: Int, in child: ChildProcess) throws -> String? {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink("/proc/\(child.pid)/fd/\(number)", &buffer, buffer.count)
            guard count > 0 else { return nil }
            return String(
                decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
