import Daemon
import Glibc
import LinuxSystem

/// How a command ended, and what it printed.
struct Output: CustomStringConvertible {
    let code: Int32
    let out: String
    let err: String
    let bytes: [UInt8]

    var description: String { "exit code \(code)\n\(out)\n\(err)" }
}

extension Workspace {
    /// The program that was built with these tests, beside them.
    static let program: FilePath = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard realpath("/proc/self/exe", &buffer) != nil else { return FilePath("millrace") }
        let tests = FilePath(bytes: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        return tests.parent.appending("millrace")
    }()

    /// What a shell would give it, without the workspace of whoever runs the tests.
    static let shellEnvironment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"]

    /// Runs a command of the program to its end.
    ///
    /// - Parameter inWorkspace: with this workspace as the working directory.
    func run(
        _ words: [String], environment: [String: String] = Workspace.shellEnvironment,
        inWorkspace: Bool = true
    ) throws -> Output {
        let result = try ProgramRunner.run(
            Workspace.program, arguments: words.map { Array($0.utf8) },
            environment: Workspace.list(environment),
            directory: inWorkspace ? root : FilePath("/"), input: [], limit: 8 << 20,
            milliseconds: Workspace.patience)
        guard !result.timedOut else { throw Trouble("\(words) takes for ever") }
        guard case .exited(let code) = result.ending else {
            throw Trouble("\(words) ended with \(result.ending): \(result.errorOutput)")
        }
        return Output(
            code: code, out: String(decoding: result.output, as: UTF8.self),
            err: String(decoding: result.errorOutput, as: UTF8.self), bytes: result.output)
    }

    /// Starts a daemon and waits until everything that is in the workspace has been journaled.
    ///
    /// - Parameter shell: commands before it in the same process, for one that may do less.
    func start(_ words: [String] = [], after shell: [String] = []) throws {
        let socket = try NotifySocket(root.appending(".notify"))
        _ = socket.path.withCString { chmod($0, 0o777) }
        var environment = Workspace.shellEnvironment
        environment["NOTIFY_SOCKET"] = socket.path.string
        let child = try spawn(words, environment: environment, after: shell)
        daemon = child
        try socket.wait(for: "READY=1", from: child) { self.logTail }
    }

    /// Starts a daemon and does not wait for anything. It ends with the thread that started it.
    func spawn(
        _ words: [String], environment: [String: String], after shell: [String] = []
    ) throws -> ChildProcess {
        try spawn(root, words, environment: environment, after: shell)
    }

    /// The same on another workspace.
    func spawn(
        _ workspace: FilePath, _ words: [String], environment: [String: String],
        after shell: [String] = []
    ) throws -> ChildProcess {
        let output = try FileDescriptor.open(log, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        let nothing = try FileDescriptor.open(FilePath("/dev/null"), O_RDONLY)
        let run = ["run", "--with-parent=\(getpid())", "--workspace", workspace.string] + words
        let line = shell + [Workspace.program.string] + run
        guard let program = line.first.flatMap({ ProgramRunner.find($0, path: "/usr/bin:/bin") })
        else { throw Trouble("there is no \(line)") }
        return try ChildProcess.spawn(
            program, arguments: line.dropFirst().map { Array($0.utf8) },
            environment: Workspace.list(environment), input: nothing.raw, output: output.raw,
            error: output.raw, newSession: true)
    }

    func signal(_ signal: CInt) throws {
        guard let daemon else { throw Trouble("no daemon runs") }
        Glibc.kill(daemon.pid, signal)
    }

    /// Waits for the end of the daemon.
    func waitForEnd() throws -> ChildProcess.Ending {
        guard let daemon else { throw Trouble("no daemon runs") }
        let ending = try Workspace.ending(of: daemon)
        self.daemon = nil
        return ending
    }

    /// Waits for the end of a process that was started here.
    static func ending(of child: ChildProcess) throws -> ChildProcess.Ending {
        let end = try ChildProcess.descriptor(of: child.pid)
        guard try waitReadable([end.raw], milliseconds: Int(patience)) == [true] else {
            throw Trouble("process \(child.pid) does not end")
        }
        return try child.wait()
    }

    /// SIGTERM, and how it ended.
    func stop() throws -> ChildProcess.Ending {
        try signal(SIGTERM)
        return try waitForEnd()
    }

    /// SIGKILL: no chance to clean anything up.
    func kill() throws {
        try signal(SIGKILL)
        guard try waitForEnd() == .killed(signal: SIGKILL) else {
            throw Trouble("the daemon had ended by itself: \(logTail)")
        }
    }

    var isRunning: Bool {
        daemon.map { ChildProcess.startTime(of: $0.pid) != nil } ?? false
    }

    static func list(_ environment: [String: String]) -> [[UInt8]] {
        environment.keys.sorted().map { Array("\($0)=\(environment[$0] ?? "")".utf8) }
    }
}
