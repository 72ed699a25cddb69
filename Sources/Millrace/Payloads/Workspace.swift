/// The daemon is up: everything that was in the workspace has been journaled.
public struct DaemonStarted: EventPayload {
    public static let type = "daemon.started"

    public var program: String
    public var pid: Int32
    public var host: String
    /// Whether the last one ended without saying so: a crash, a kill or a power cut.
    public var afterCrash: Bool

    public var subject: Subject { .workspace }

    public var summary: String {
        "\(program), process \(pid) on \(host)\(afterCrash ? ", after a crash" : "")"
    }

    public init(program: String, pid: Int32, host: String, afterCrash: Bool) {
        self.program = program
        self.pid = pid
        self.host = host
        self.afterCrash = afterCrash
    }
}

/// The daemon ends in good order.
public struct DaemonStopped: EventPayload {
    public static let type = "daemon.stopped"

    public var reason: String

    public var subject: Subject { .workspace }

    public var summary: String {
        reason
    }

    public init(reason: String) { self.reason = reason }
}

/// From here on these settings are in force.
public struct SettingsAccepted: EventPayload {
    public static let type = "settings.accepted"
    /// One more whenever the settings have other keys than before.
    public static let version = 4

    public var sha256: Digest
    /// The whole settings with all defaults filled in.
    public var settings: WorkspaceSettings

    public var subject: Subject { .workspace }

    public var summary: String {
        "\(sha256.short): \(count(settings.pipelines.count, "pipeline"))"
    }

    public init(sha256: Digest, settings: WorkspaceSettings) {
        self.sha256 = sha256
        self.settings = settings
    }

    /// Before version 2 there was no `schedule` and no `externalPlugins`, before version 3 no `metrics`,
    /// before version 4 no `retention`, and sections had fewer keys: what is not there gets its default, as in the settings file.
    public static func upcast(_ payload: JSONValue, from version: Int) -> JSONValue {
        guard version < Self.version, case .object(let members) = payload,
            let filled = completedSettings(WorkspaceSettings.self, from: payload["settings"])
        else { return payload }
        return .object(
            members.map { $0.key == "settings" ? .init("settings", filled) : $0 })
    }
}

/// The settings file was changed and has errors: the old settings stay in force.
public struct SettingsRefused: EventPayload {
    public static let type = "settings.refused"

    public var sha256: Digest
    /// Each with line and key.
    public var problems: [String]

    public var subject: Subject { .workspace }

    public var summary: String {
        "the old settings stay: \(problems.joined(separator: "; "))"
    }

    public init(sha256: Digest, problems: [String]) {
        self.sha256 = sha256
        self.problems = problems
    }
}

/// A part of the workspace is looked at from time to time, because the kernel cannot tell of changes.
public struct WatchDegraded: EventPayload {
    public static let type = "watch.degraded"

    public var part: String
    public var reason: String
    public var intervalSeconds: Double

    public var subject: Subject { .workspace }

    public var summary: String {
        "\(part) is scanned every \(rounded(intervalSeconds)) s: \(reason)"
    }

    public init(part: String, reason: String, intervalSeconds: Double) {
        self.part = part
        self.reason = reason
        self.intervalSeconds = intervalSeconds
    }
}

/// What was looked at from time to time is watched again.
public struct WatchRecovered: EventPayload {
    public static let type = "watch.recovered"

    public var reason: String

    public var subject: Subject { .workspace }

    public var summary: String {
        reason
    }

    public init(reason: String) { self.reason = reason }
}

/// Everything that lay complete in the workspace when somebody asked is journaled before this.
public struct WorkspaceSynced: EventPayload {
    public static let type = "workspace.synced"
    /// The command that asks for it.
    public static let command = "sync"

    /// The command's file.
    public var cookie: WorkspacePath

    public var subject: Subject { .workspace }

    public var summary: String {
        "everything that was there is journaled, as \(cookie) asked"
    }

    public init(cookie: WorkspacePath) { self.cookie = cookie }
}

/// The kernel dropped notifications; the whole workspace was looked at again.
public struct WatchOverflowed: EventPayload {
    public static let type = "watch.overflowed"

    public var subject: Subject { .workspace }

    public var summary: String {
        "notifications were lost, everything is compared again"
    }

    public init() {}
}

/// A person or a program asked for something by a file in `inbox/`.
public struct CommandReceived: EventPayload {
    public static let type = "command.received"

    /// For example `approve`.
    public var command: String
    /// What it is about, for example `model/delays`.
    public var about: String
    public var arguments: [String: JSONValue]
    /// The owner of the file.
    public var uid: UInt32

    public var subject: Subject { Subject(parsing: about) }

    public var summary: String {
        "\(command) \(about), by user \(uid)"
    }

    public init(command: String, about: String, arguments: [String: JSONValue], uid: UInt32) {
        self.command = command
        self.about = about
        self.arguments = arguments
        self.uid = uid
    }
}

/// A command was understood and cannot be carried out: nothing has changed.
public struct CommandDeclined: EventPayload {
    public static let type = "command.declined"

    public var command: String
    public var about: String
    public var reason: String
    /// Who asked for it.
    public var uid: UInt32

    public var subject: Subject { Subject(parsing: about) }

    public var summary: String { "'\(command)' by user \(uid) changes nothing: \(reason)" }

    public init(_ command: CommandReceived, reason: String) {
        self.command = command.command
        about = command.about
        self.reason = reason
        uid = command.uid
    }
}

/// A file in `inbox/` is no command.
public struct CommandRefused: EventPayload {
    public static let type = "command.refused"

    public var path: WorkspacePath
    public var reason: String

    public var subject: Subject { Subject("inbox", "") }

    public var summary: String {
        "\(path): \(reason)"
    }

    public init(path: WorkspacePath, reason: String) {
        self.path = path
        self.reason = reason
    }
}
