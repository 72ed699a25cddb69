public import LinuxSystem
public import Millrace

/// One version of a file: which inode it was, what it held, and whose it was.
///
/// It carries all that is needed to recognise the same version after a restart without reading it.
public struct FileVersion: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    /// Bytes.
    public var size: Int
    /// mtime and ctime, in nanoseconds since 1970. A change that restores size and mtime still moves
    /// ctime.
    public var modified: Int64
    public var changed: Int64
    public var user: UInt32
    public var group: UInt32
    /// Permission bits.
    public var mode: UInt32
    /// The SHA-256 of the contents; nil for what was refused and is remembered only so that it is
    /// not refused again.
    public var digest: Digest?

    public init(
        device: UInt64, inode: UInt64, size: Int, modified: Int64, changed: Int64,
        user: UInt32, group: UInt32, mode: UInt32, digest: Digest?
    ) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
        self.user = user
        self.group = group
        self.mode = mode
        self.digest = digest
    }

    public init(_ status: FileStatus, digest: Digest?) {
        self.init(
            device: status.device, inode: status.inode, size: status.size,
            modified: status.modified, changed: status.changed, user: status.user,
            group: status.group, mode: status.mode, digest: digest)
    }
}

/// What became of one file.
public struct FileChange: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case added
        case changed
        /// Another inode or time, with the bytes, the owner and the writers of the version before.
        case touched
        /// The version is the last one that was known.
        case removed
        case moved(from: WorkspacePath)
    }

    public var path: WorkspacePath
    public var kind: Kind
    public var version: FileVersion
    /// The directory of the set that the file came with; nil for a file that stands alone. All files
    /// of a set are in one batch, one after the other.
    public var set: WorkspacePath?

    public init(
        path: WorkspacePath, kind: Kind, version: FileVersion, set: WorkspacePath? = nil
    ) {
        self.path = path
        self.kind = kind
        self.version = version
        self.set = set
    }
}

/// Something in an input folder that is not taken in, with the rule that says so.
public struct FileRefusal: Hashable, Sendable {
    public enum Reason: Hashable, Sendable, CustomStringConvertible {
        /// Links are never followed.
        case symbolicLink
        /// Neither a file nor a directory: `fifo`, `socket`, `device`.
        case special(String)
        case tooLarge(limit: Int)
        /// It may not be read.
        case notPermitted(String)
        /// Directories nested deeper than this are not entered.
        case tooDeep(limit: Int)
        /// It could not be copied; it is tried again until it can.
        case notStored(String)

        public var description: String {
            switch self {
            case .symbolicLink:
                "a symbolic link is never followed: drop the file itself, or mount the folder"
            case .special(let kind): "a \(kind) is not a file"
            case .tooLarge(let limit): "larger than the \(limit) bytes allowed"
            case .notPermitted(let why): "it may not be read: \(why)"
            case .tooDeep(let limit): "nested deeper than \(limit) directories"
            case .notStored(let why): "it could not be stored, and is tried again: \(why)"
            }
        }
    }

    public var path: WorkspacePath
    public var reason: Reason
    /// What was refused, without a digest.
    public var version: FileVersion

    public init(path: WorkspacePath, reason: Reason, version: FileVersion) {
        self.path = path
        self.reason = reason
        self.version = version
    }
}

/// A part of the workspace that notifications do not serve.
public struct Degradation: Hashable, Sendable {
    public enum Reason: Hashable, Sendable, CustomStringConvertible {
        /// The user has as many inotify watches as allowed.
        case watchLimit
        /// The user has as many inotify queues as allowed.
        case queueLimit
        /// The file system does not tell of changes made elsewhere; its name.
        case silentFileSystem(String)
        /// The configuration says so.
        case asked
        /// A directory may not be read.
        case notPermitted
        /// The workspace is gone; it is waited for.
        case rootLost

        public var description: String {
            switch self {
            case .watchLimit:
                "no more inotify watches are allowed: raise fs.inotify.max_user_watches"
            case .queueLimit:
                "no more inotify queues are allowed: raise fs.inotify.max_user_instances"
            case .asked: "the settings ask for it (watch.scanned)"
            case .silentFileSystem(let name): "\(name) does not tell of changes made elsewhere"
            case .notPermitted: "a directory may not be read: give the daemon's user r-x on it"
            case .rootLost: "the workspace directory is gone"
            }
        }
    }

    /// The common directory of all that is concerned; nil is the workspace itself.
    public var part: WorkspacePath?
    public var reason: Reason
    /// How many directories are concerned.
    public var directories: Int
    /// They are scanned this often instead.
    public var interval: Duration

    public init(part: WorkspacePath?, reason: Reason, directories: Int, interval: Duration) {
        self.part = part
        self.reason = reason
        self.directories = directories
        self.interval = interval
    }
}

/// One thing the watcher has to say.
public enum WatchReport: Hashable, Sendable {
    case change(FileChange)
    case refused(FileRefusal)
    /// Read again because its ctime had moved, and found to be the version that was known, with this
    /// ctime. No news; who remembers it spares the next start the reading.
    case recognised(WorkspacePath, FileVersion)
    case degraded(Degradation)
    /// What was degraded for this reason is watched again.
    case recovered(Degradation.Reason)
    /// The kernel dropped notifications; everything is compared again.
    case overflowed
    /// All that was there at the start has been compared, and what differed was reported before
    /// this.
    case ready
}

/// Reports in the order in which they were found.
public struct WatchBatch: Sendable {
    public let reports: [WatchReport]
    private let acknowledgement: @Sendable () -> Void

    public init(_ reports: [WatchReport], acknowledgement: @escaping @Sendable () -> Void) {
        self.reports = reports
        self.acknowledgement = acknowledgement
    }

    /// To be called once when the reports are durable: only then does a barrier that covers them
    /// return, and only so many batches are handed out unacknowledged.
    public func acknowledge() { acknowledgement() }
}
