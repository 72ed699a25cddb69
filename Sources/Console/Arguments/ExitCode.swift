/// What a program says to the script that called it. These numbers are a promise.
package enum ExitCode: Int32, CaseIterable, Sendable {
    /// It worked; the answer is yes.
    case success = 0
    /// It worked; the answer is no (not healthy, not the same, nothing found).
    case negative = 1
    /// The command was typed wrong; nothing was done.
    case usage = 2
    /// The settings are wrong; nothing was done.
    case settings = 3
    /// What was named does not exist: no workspace here, no such model or event.
    case missing = 4
    /// Another process holds it, or it would overwrite what is there.
    case conflict = 5
    /// The journal or the vault is damaged.
    case damage = 6
    /// The system refused: permission, disk space, kernel limits.
    case system = 7
    /// A plugin, a trainer or a command failed.
    case work = 8
    /// The workspace was taken away under the running daemon.
    case lost = 9

    /// The sentence of the help page.
    package var meaning: String {
        switch self {
        case .success: "fine; the answer is yes"
        case .negative: "the answer is no"
        case .usage: "the command was typed wrong; nothing was done"
        case .settings: "the settings are wrong; nothing was done"
        case .missing: "what was named does not exist (workspace, model, event)"
        case .conflict: "held by another process, or it would overwrite something"
        case .damage: "the journal or the vault is damaged"
        case .system: "the system refused (permission, disk space, limits)"
        case .work: "a plugin, a trainer or a command failed"
        case .lost: "the workspace was taken away under the daemon"
        }
    }
}

/// Why a command ends without its result: one line what is wrong, one line what to type.
package struct CommandFailure: Error, Sendable, Equatable {
    package let code: ExitCode
    package let message: Text
    package let advice: Text?

    package init(_ code: ExitCode, _ message: Text, advice: Text? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }
}
