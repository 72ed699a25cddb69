import Checksums
import Millrace
import Runtime

/// Events that come from outside, as the daemon would make them.
enum Arrival {
    static func id(_ text: String) -> EventID {
        EventID(Digest(words: SHA256.hash(Array(text.utf8)).words))
    }

    /// A file was taken in.
    static func payload(
        _ path: WorkspacePath, size: Int, _ digest: Digest, change: FileArrived.Change,
        uid: UInt32, number: Int, at now: Timestamp
    ) -> FileArrived {
        FileArrived(
            change: change, path: path, previousPath: nil, size: size, sha256: digest, uid: uid,
            identity: FileIdentity(
                device: 1, inode: UInt64(clamping: number), modified: now.microseconds &* 1000,
                changed: now.microseconds &* 1000, gid: 1000, mode: 0o644),
            area: Area(of: path))
    }

    /// A plugin is there from the first event on.
    static func registration(of plugin: RegisteredPlugin) throws -> EventDraft {
        try EventDraft(
            PluginRegistered(plugin: plugin.name.rawValue, from: 1),
            id: id("register/\(plugin.name)"), actor: .system)
    }
}
