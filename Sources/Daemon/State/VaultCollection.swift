import Journal
import LinuxSystem
package import Millrace
package import Runtime
package import Vault

/// What may be removed from the vault now.
package struct VaultCollection {
    /// In the order in which they were named last.
    package private(set) var objects: [VaultCollected.Object] = []
    /// Nothing needed them since.
    package let since: Timestamp
    /// What was stored later is not removed, whatever the journal says: in nanoseconds since 1970.
    package let storedBefore: Int64

    /// However short the settings keep bytes: what somebody has just stored is about to be named.
    private static let graceSeconds = 3600.0
    /// As many characters say what something was: a thousand objects fit into one event.
    private static let whatLimit = 200

    package init(
        _ layout: WorkspaceLayout, _ vault: Vault, plugins: [RegisteredPlugin], keep: TimeSpan,
        now: Timestamp
    ) throws {
        // Over damage, also where it was accepted, nobody knows what is needed.
        let reader = JournalReader(directory: layout.journal, damage: .stop)
        let needs = try VaultNeeds(
            reader, store: VaultFiles(vault, reader),
            since: now.advanced(bySeconds: -keep.seconds), plugins: plugins
        ) { folder in
            // A folder that cannot be looked at is there.
            do { return try FileStatus.of(layout.path(of: folder)) != nil } catch { return true }
        }
        since = needs.since
        let young = now.advanced(bySeconds: -max(keep.seconds, Self.graceSeconds))
        storedBefore = young.microseconds.multipliedReportingOverflow(by: 1000).partialValue
        for unneeded in needs.unneeded {
            guard let there = vault.status(of: unneeded.digest), there.stored < storedBefore,
                let record = try reader.record(unneeded.named)
            else { continue }
            objects.append(
                VaultCollected.Object(
                    sha256: unneeded.digest, bytes: there.bytes,
                    what: String(
                        needs.what(unneeded.digest, in: try reader.event(of: record))
                            .prefix(Self.whatLimit)),
                    named: unneeded.named))
        }
    }
}
