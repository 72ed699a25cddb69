import Daemon
import LinuxSystem
import Millrace

/// A command as a file in `inbox/`: the one way in. Whoever owns the file is the one who asked.
///
///     {"command":"approve","about":"model/delays","arguments":{"comment":"looks good"}}
struct InboxLetter {
    let command: String
    let about: Subject
    var arguments: [JSONValue.Member] = []

    var bytes: [UInt8] {
        let letter = JSONValue.object([
            .init("command", .string(command)), .init("about", .string(about.description)),
            .init("arguments", .object(arguments)),
        ])
        return letter.bytes + [UInt8(ascii: "\n")]
    }

    /// Puts it into the inbox, whole and durable: under a temporary name, synced, then renamed.
    ///
    /// - Returns: its path in the workspace.
    func post(_ layout: WorkspaceLayout, at now: Timestamp) throws -> WorkspacePath {
        let stamp = now.description.filter { $0.isNumber }
        let salt = String(UInt32.random(in: 0 ... .max), radix: 16)
        let name = "\(command)-\(stamp)-\(salt).json"
        try Files.makeDirectories(layout.inbox)
        try Files.replace(layout.inbox.appending(name), with: bytes)
        guard let path = WorkspacePath(escaped: "inbox/" + name) else {
            throw SystemError(.invalid, "rename", name)
        }
        return path
    }
}
