package import LinuxSystem
package import Millrace

/// Why the vault could not keep or give some bytes.
package enum VaultError: Error, Sendable, CustomStringConvertible {
    /// A call to the system failed; `doing` is the half-sentence before it.
    case system(SystemError, doing: String)
    /// The file is larger than what may be taken in.
    case tooLarge(size: Int, limit: Int)
    /// The file was written to while it was copied: nothing was kept, look at it again.
    case changedWhileRead
    /// Nothing is kept under this digest.
    case missing(Digest)
    /// The bytes kept under this digest are others.
    case damaged(Digest)
    /// A sync failed earlier: what was stored since may be lost, so nothing is promised any more.
    case unreliable(SystemError)

    package var description: String {
        switch self {
        case .system(let error, let doing):
            "\(doing) failed: \(error)"
        case .tooLarge(let size, let limit):
            "the file has \(size) bytes, more than the \(limit) allowed; raise the limit or split it"
        case .changedWhileRead:
            "the file was written to while it was read; it is looked at again"
        case .missing(let digest):
            "the vault has no object \(digest.hex); restore it from a backup or drop the file again"
        case .damaged(let digest):
            "object \(digest.hex) does not hold the bytes of its name; restore it from a backup"
        case .unreliable(let error):
            "the disk refused to keep earlier bytes (\(error)); check it and start again"
        }
    }
}

extension VaultError {
    /// The failure of the system behind it.
    package var system: SystemError {
        switch self {
        case .system(let error, _), .unreliable(let error): error
        default: SystemError(.inputOutput, "write")
        }
    }
}

extension VaultError: ShortageError {
    package var isShortage: Bool {
        if case .system(let error, _) = self { error.isShortage } else { false }
    }
}

/// Runs calls to the system and says, when one fails, what was being done.
func attempting<R: ~Copyable>(
    _ doing: @autoclosure () -> String, _ body: () throws(SystemError) -> R
) throws(VaultError) -> R {
    do throws(SystemError) {
        return try body()
    } catch {
        throw .system(error, doing: doing())
    }
}
