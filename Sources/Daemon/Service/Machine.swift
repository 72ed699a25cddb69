import CLinux
import Glibc
import LinuxSystem

/// The name of this machine.
package enum HostName {
    package static var current: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What there is to work with.
enum Machine {
    static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}

/// A descriptor that one thread makes readable for another.
enum EventDescriptor {
    static func make() throws(SystemError) -> CInt {
        try systemCall("eventfd") { clinux_eventfd() }
    }

    static func signal(_ descriptor: CInt) {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }
}

/// What the process of a job finds in its environment.
enum JobEnvironment {
    static func make(workspace: FilePath) -> [[UInt8]] {
        var list: [[UInt8]] = []
        for name in ProgramCommand.inherited {
            if let value = ProgramCommand.variable(name) {
                list.append(Array("\(name)=\(value)".utf8))
            }
        }
        list.append(Array("MILLRACE_WORKSPACE=".utf8) + workspace.bytes)
        return list
    }
}
