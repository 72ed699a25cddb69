import Glibc

/// An errno with its symbolic name and the words of the C library.
public struct Errno: Error, Equatable, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32

    package init(_ code: Int32) { self.code = code }

    /// The calling thread's errno. Read it at once after the failed call.
    package static var current: Errno { Errno(errno) }

    package static let notFound = Errno(ENOENT)
    package static let exists = Errno(EEXIST)
    package static let interrupted = Errno(EINTR)
    package static let again = Errno(EAGAIN)
    package static let noSpace = Errno(ENOSPC)
    package static let inputOutput = Errno(EIO)
    package static let permission = Errno(EPERM)
    package static let access = Errno(EACCES)
    package static let notDirectory = Errno(ENOTDIR)
    package static let isDirectory = Errno(EISDIR)
    package static let loop = Errno(ELOOP)
    package static let crossDevice = Errno(EXDEV)
    package static let invalid = Errno(EINVAL)
    package static let notSupported = Errno(EOPNOTSUPP)
    package static let unknownCall = Errno(ENOSYS)

    public var description: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A failed call to the system: which call, on what, and why.
public struct SystemError: Error, Sendable, CustomStringConvertible {
    public let errno: Errno
    /// The call, for example `open`.
    public let call: String
    /// What it was applied to, escaped for printing; empty when there is nothing to name.
    public let subject: String

    package init(_ errno: Errno, _ call: String, _ subject: String = "") {
        self.errno = errno
        self.call = call
        self.subject = subject
    }

    public var description: String {
        subject.isEmpty ? "\(call): \(errno)" : "\(call) \(subject): \(errno)"
    }
}

/// An error that may say: the machine is out of something, and when there is room again the same call
/// works.
package protocol ShortageError: Error {
    var isShortage: Bool { get }
}

extension SystemError: ShortageError {
    package var isShortage: Bool {
        isDiskFull || [EMFILE, ENFILE, ENOMEM, EAGAIN].contains(errno.code)
    }

    /// There is no room on the disk, or no more than a quota allows.
    package var isDiskFull: Bool { [ENOSPC, EDQUOT].contains(errno.code) }
}

/// Runs a call that returns -1 and sets errno on failure; repeats it while a signal interrupts it.
@discardableResult
package func systemCall<R: FixedWidthInteger & SignedInteger>(
    _ call: StaticString, _ subject: @autoclosure () -> String = "", _ body: () -> R
) throws(SystemError) -> R {
    while true {
        let result = body()
        if result != -1 { return result }
        let failure = Errno.current
        if failure != .interrupted { throw SystemError(failure, "\(call)", subject()) }
    }
}
