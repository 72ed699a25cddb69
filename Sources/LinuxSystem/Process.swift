import CLinux
package import Glibc

/// A child process that was started and not yet waited for.
package struct ChildProcess: Sendable {
    package let pid: pid_t

    /// How a process ended.
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// Starts a program with exactly the given arguments and environment (never a shell). All
    /// descriptors but the three given are closed in the child, and its signals are as new.
    ///
    /// - Parameters:
    ///   - newSession: true detaches the child from this process's group and terminal, so that it
    ///     outlives what kills the parent.
    ///   - diesWithThread: true, with a session of its own, has the kernel kill it when the thread ends
    ///     that starts it, so also when this process dies.
    /// - Throws: `SystemError` of fork or exec, with the program's name.
    package static func spawn(
        _ program: FilePath, arguments: [[UInt8]], environment: [[UInt8]],
        directory: FilePath? = nil, input: CInt, output: CInt, error: CInt, newSession: Bool,
        diesWithThread: Bool = false
    ) throws(SystemError) -> ChildProcess {
        let session: CInt = newSession ? (diesWithThread ? 2 : 1) : 0
        let pid = withCStrings([program.bytes] + arguments) { argv in
            withCStrings(environment) { envp in
                program.withCString { path in
                    if let directory {
                        return directory.withCString {
                            clinux_spawn(
                                path, argv, envp, $0, input, output, error, session)
                        }
                    }
                    return clinux_spawn(
                        path, argv, envp, nil, input, output, error, session)
                }
            }
        }
        if pid < 0 { throw SystemError(.current, "exec", program.description) }
        return ChildProcess(pid: pid)
    }

    /// A descriptor that becomes readable when the process ends; works for any process, child or not.
    package static func descriptor(of pid: pid_t) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try systemCall("pidfd_open", "\(pid)") { clinux_pidfd_open(pid) })
    }

    /// Collects the child's ending. Blocks unless it has ended already.
    package func wait() throws(SystemError) -> Ending {
        var status: CInt = 0
        try systemCall("waitpid", "\(pid)") { waitpid(pid, &status, 0) }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
    }

    /// The time a process started, in clock ticks since boot: with the pid it names one process for
    /// ever, because pids are used again. Nil when there is no such process.
    package static func startTime(of pid: pid_t) -> UInt64? {
        guard
            let file = try? FileDescriptor.open(FilePath("/proc/\(pid)/stat"), O_RDONLY),
            let bytes = try? file.readAll(limit: 4096),
            // The command's name may hold spaces and parentheses: fields are counted after the last.
            let close = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
        // Field 3 is the state; a zombie has ended.
        guard fields.count > 19, fields[0].first != UInt8(ascii: "Z") else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    private static func withCStrings<R>(
        _ strings: [[UInt8]], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { bytes in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
            for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copy[bytes.count] = 0
            return copy
        }
        pointers.append(nil)
        defer { for pointer in pointers { pointer?.deallocate() } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("the array holds at least its end")
            }
            return body(base)
        }
    }
}
