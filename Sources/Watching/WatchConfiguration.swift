public import LinuxSystem
public import Millrace

/// What is watched, and by which rules.
public struct WatchConfiguration: Equatable, Sendable {
    /// A part of the workspace that comes from outside.
    public enum Input: Hashable, Sendable {
        /// A directory and all below it. It need not exist yet.
        case tree(WorkspacePath)
        /// One file.
        case file(WorkspacePath)
        /// The whole root.
        case everything
    }

    /// What holds the files below a directory together, so that they are reported as one set.
    public enum SetRule: Hashable, Sendable {
        /// Files wait until a file of this name is written in their directory, or one above up to
        /// that of the rule, after them. So the marker is to be written last, and written again
        /// for the next set.
        case marker(String)
        /// Files wait until nothing was written below the directory for this long.
        case quiet(Duration)
    }

    /// The workspace. It is opened anew whenever it was deleted, moved or replaced.
    public var root: FilePath
    public var inputs: [Input]
    /// What is no input, as patterns with `*` and `?`: names (last components, of directories too),
    /// or with a slash paths from the root on, whose last component alone may be a pattern.
    public var ignored: [String]
    /// Larger files are refused, in bytes.
    public var sizeLimit: Int
    /// How long a file below a path must have been left alone before it is taken in; the longest
    /// prefix counts. Without an entry: not at all, it is enough that nobody has it open.
    public var settleTimes: [WorkspacePath: Duration]
    /// How long a file must have been left alone where the kernel cannot say whether somebody has it
    /// open: files of other users without CAP_LEASE, network file systems.
    public var unprobedSettleTime: Duration
    /// The files below these directories are held until their set is complete; the longest prefix
    /// counts. They are copied meanwhile, and a barrier does not wait for a marker.
    public var sets: [WorkspacePath: SetRule]
    /// How often parts without notifications are scanned. A scan that takes long makes it longer:
    /// at most a twentieth of the time is spent scanning.
    public var scanInterval: Duration
    /// Directories that are scanned with all below them although they could be watched: on file
    /// systems that send no notifications and are not known for it.
    public var scanned: Set<WorkspacePath> = []
    /// Deeper directories are refused.
    public var depthLimit: Int
    /// At most this many reports wait for their acknowledgement.
    public var unacknowledgedLimit: Int

    public init(
        root: FilePath, inputs: [Input], ignored: [String] = WatchConfiguration.usualTemporaryNames,
        sizeLimit: Int = 1 << 40, settleTimes: [WorkspacePath: Duration] = [:],
        unprobedSettleTime: Duration = .seconds(1), sets: [WorkspacePath: SetRule] = [:],
        scanInterval: Duration = .seconds(1),
        depthLimit: Int = 100, unacknowledgedLimit: Int = 8192
    ) {
        self.root = root
        self.inputs = inputs
        self.ignored = ignored
        self.sizeLimit = sizeLimit
        self.settleTimes = settleTimes
        self.unprobedSettleTime = unprobedSettleTime
        self.sets = sets
        self.scanInterval = scanInterval
        self.depthLimit = depthLimit
        self.unacknowledgedLimit = unacknowledgedLimit
    }

    /// Names under which tools write before they rename, and what Millrace writes beside an input.
    public static let usualTemporaryNames = WatchSettings.usualTemporaryNames
}
