/// A settled version of an input file is in the vault: it was added, changed or moved, or only touched.
///
/// The subject tells what the file is: `dataset/NAME`, `contract/NAME`, `pipeline/NAME` (code),
/// `metrics/MODEL`, `inbox`, or `workspace` (the settings).
public struct FileArrived: EventPayload {
    public static let type = "file.arrived"

    public enum Change: String, Codable, Sendable {
        case added, changed, moved
        /// Written anew or marked with the bytes and the owner that it had: no new version. The journal
        /// has it so that a restart knows the file again.
        case touched
    }

    public var change: Change
    public var path: WorkspacePath
    /// Where it was before it was moved.
    public var previousPath: WorkspacePath?
    public var size: Int
    public var sha256: Digest
    /// Of the file's owner, who counts as the actor.
    public var uid: UInt32
    /// Of the file when it was read; what a restart compares with.
    public var identity: FileIdentity
    public var area: Area
    /// Set when the file came as one of several that are one drop.
    public var set: DropSet?

    public var subject: Subject { area.subject }

    public var summary: String {
        let origin = previousPath.map { " from \($0)" } ?? ""
        return "\(change.rawValue) \(path)\(origin) (\(grouped(size)) bytes, \(sha256.short))"
    }

    public init(
        change: Change, path: WorkspacePath, previousPath: WorkspacePath?, size: Int,
        sha256: Digest, uid: UInt32, identity: FileIdentity, area: Area, set: DropSet? = nil
    ) {
        self.change = change
        self.path = path
        self.previousPath = previousPath
        self.size = size
        self.sha256 = sha256
        self.uid = uid
        self.identity = identity
        self.area = area
        self.set = set
    }
}

extension FileArrived {
    public init(from decoder: any Decoder) throws {
        // What the journal holds most of is read without asking for one member after the other.
        if let decoder = decoder as? JSONTapeDecoder, let arrived = FileArrived(tape: decoder) {
            self = arrived
            return
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            change: try values.decode(Change.self, forKey: .change),
            path: try values.decode(WorkspacePath.self, forKey: .path),
            previousPath: try values.decodeIfPresent(WorkspacePath.self, forKey: .previousPath),
            size: try values.decode(Int.self, forKey: .size),
            sha256: try values.decode(Digest.self, forKey: .sha256),
            uid: try values.decode(UInt32.self, forKey: .uid),
            identity: try values.decode(FileIdentity.self, forKey: .identity),
            area: try values.decode(Area.self, forKey: .area),
            set: try values.decodeIfPresent(DropSet.self, forKey: .set))
    }
}

/// Where a file stands among those that came with it as one drop. Their events follow one another in
/// one batch of the journal.
public struct DropSet: Codable, Hashable, Sendable {
    /// What the files of the set lie below.
    public var directory: WorkspacePath
    /// 1 for the first file, `count` for the last.
    public var number: Int
    public var count: Int

    public init(directory: WorkspacePath, number: Int, count: Int) {
        self.directory = directory
        self.number = number
        self.count = count
    }

    public var isLast: Bool { number >= count }
}

/// An input file is gone.
public struct FileRemoved: EventPayload {
    public static let type = "file.removed"

    public var path: WorkspacePath
    /// Of the last version.
    public var sha256: Digest
    public var area: Area

    public var subject: Subject { area.subject }

    public var summary: String {
        "removed \(path)"
    }

    public init(path: WorkspacePath, sha256: Digest, area: Area) {
        self.path = path
        self.sha256 = sha256
        self.area = area
    }
}

/// Something in an input folder is not taken in, by a stated rule.
public struct FileRefused: EventPayload {
    public static let type = "file.refused"

    public var path: WorkspacePath
    /// What it is and what to do, for a person.
    public var reason: String
    public var size: Int
    public var uid: UInt32
    public var identity: FileIdentity
    public var area: Area
    /// Of its bytes, where they were read: then they are not read again before they change.
    public var sha256: Digest?

    public var subject: Subject { area.subject }

    public var summary: String {
        "refused \(path): \(reason)"
    }

    public init(
        path: WorkspacePath, reason: String, size: Int, uid: UInt32, identity: FileIdentity,
        area: Area, sha256: Digest? = nil
    ) {
        self.sha256 = sha256
        self.path = path
        self.reason = reason
        self.size = size
        self.uid = uid
        self.identity = identity
        self.area = area
    }
}

/// Which inode held a version, whose it was and when it was last changed, as stat(2) has it.
public struct FileIdentity: Codable, Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// Nanoseconds since 1970, of the last change of the inode.
    public var changed: Int64
    public var gid: UInt32
    /// Permission bits.
    public var mode: UInt32

    public init(
        device: UInt64, inode: UInt64, modified: Int64, changed: Int64, gid: UInt32, mode: UInt32
    ) {
        self.device = device
        self.inode = inode
        self.modified = modified
        self.changed = changed
        self.gid = gid
        self.mode = mode
    }
}

/// The part of the workspace that an input file lies in.
public struct Area: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case dataset, contract, code, metrics, inbox, settings, stray
    }

    public var kind: Kind
    /// The dataset, pipeline or model; empty for the others.
    public var name: String

    public init(_ kind: Kind, _ name: String = "") {
        self.kind = kind
        self.name = name
    }

    /// Derives the area from where a file lies.
    public init(of path: WorkspacePath) {
        let parts = path.components
        switch (parts.first, parts.count) {
        case ("data", 3...): self.init(.dataset, parts[1])
        case ("code", 3...): self.init(.code, parts[1])
        case ("metrics", 3...): self.init(.metrics, parts[1])
        case ("contracts", 2): self.init(.contract, String(parts[1].prefix { $0 != "." }))
        case ("inbox", 2): self.init(.inbox)
        case ("millrace.json", 1): self.init(.settings)
        default: self.init(.stray)
        }
    }

    public var subject: Subject {
        switch kind {
        case .dataset: Subject("dataset", name)
        case .contract: Subject("contract", name)
        case .code: Subject("code", name)
        case .metrics: Subject("metrics", name)
        case .inbox: Subject("inbox", "")
        case .settings, .stray: .workspace
        }
    }
}
