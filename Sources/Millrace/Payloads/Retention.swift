/// Bytes that nothing needed any more leave the vault (`retention.vault`, `millrace vault collect`). It
/// is journaled before the first of them goes; history stays whole and says what they were.
public struct VaultCollected: EventPayload {
    public static let type = "vault.collected"
    /// The command that asks for it.
    public static let command = "collect"

    public struct Object: Codable, Hashable, Sendable {
        public var sha256: Digest
        public var bytes: Int
        /// What it was, in a few words.
        public var what: String
        /// The last record that names it.
        public var named: UInt64

        public init(sha256: Digest, bytes: Int, what: String, named: UInt64) {
            self.sha256 = sha256
            self.bytes = bytes
            self.what = what
            self.named = named
        }
    }

    /// At most as many in one event; more become several.
    public static let objectLimit = 1000

    public var objects: [Object]
    /// How long bytes stay that nothing needs, as the settings say.
    public var keep: TimeSpan
    /// Nothing needed them since.
    public var unneededSince: Timestamp
    /// Who asked for it; nil when it was the settings alone.
    public var uid: UInt32?

    /// By which the events are found.
    public static let subject = Subject("vault", "objects")
    public var subject: Subject { VaultCollected.subject }

    public var summary: String {
        let bytes = sum(objects, \.bytes)
        let who = uid.map { ", asked by user \($0)" } ?? ""
        return "\(count(objects.count, "object")) of \(grouped(bytes)) bytes that nothing needed "
            + "since \(unneededSince) removed, kept for \(keep)\(who)"
    }

    public init(
        objects: [Object], keep: TimeSpan, unneededSince: Timestamp, uid: UInt32? = nil
    ) {
        self.objects = objects
        self.keep = keep
        self.unneededSince = unneededSince
        self.uid = uid
    }
}
