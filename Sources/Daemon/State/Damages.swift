import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

// What a start does about the parts of the journal that it need not read.
extension Daemon {
    /// A start reads what follows the last snapshot, and the journal's writer checks the last segment.
    /// The rest is checked in the background: a daemon does not go on with a history that is not what
    /// it was.
    func checkHistory() {
        guard !options.acceptDamage else { return }
        do {
            let report = try JournalVerifier.verify(layout.journal, threads: 1)
            let accepted = AcceptedDamage(
                past.accepted, in: JournalReader(directory: layout.journal))
            let damages = report.damages.filter { !accepted.contains($0) }
            guard !damages.isEmpty else {
                logger.log(
                    .debug, "the journal is whole: \(report.records) records are as they were")
                return
            }
            outcome.withLock { $0.isDamaged = true }
            fail("\(JournalError.damaged(damages))")
        } catch {
            logger.log(.warning, "the journal could not be checked: \(error)")
        }
    }

    /// Snapshots that know what stood at a damaged place know more than the journal: who accepts the
    /// damage goes on without.
    static func forgetDamaged(_ layout: WorkspaceLayout) throws {
        let report = try JournalVerifier.verify(layout.journal)
        guard let first = report.damages.map(\.sequence).min() else { return }
        layout.snapshots.forget(from: first)
    }

    /// The places that were not accepted before, to be written down: who starts the daemon with
    /// `--accept-damage` accepts them all.
    static func newlyAccepted(
        _ layout: WorkspaceLayout, _ past: DaemonPast
    ) throws -> JournalDamaged? {
        let report = try JournalVerifier.verify(layout.journal)
        let reader = JournalReader(directory: layout.journal)
        let accepted = AcceptedDamage(past.accepted, in: reader)
        let places = report.damages.filter { !accepted.contains($0) }.prefix(100).map {
            reader.accepting($0)
        }
        return places.isEmpty ? nil : JournalDamaged(damages: Array(places))
    }
}
