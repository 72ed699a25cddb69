import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

// What a start does about the parts of the journal that it need not read.
extension Daemon {
    /// Says what opening the journal mended, and what that leaves open.
    static func tell(_ recovery: RecoveryReport, _ layout: WorkspaceLayout, _ logger: Logger) {
        if recovery.isHeadHalf {
            logger.log(
                .warning,
                "one of the two copies in the journal's file head was damaged; both were made anew")
        }
        if let cut = recovery.cut {
            let kept = cut.keptAs.name.description
            logger.log(
                .warning,
                JournalRecovered(
                    segment: cut.segment, offset: cut.offset, bytes: cut.bytes, keptAs: kept
                ).summary)
        }
        guard let loss = recovery.headLoss else { return }
        var words = loss.summary
        if let later = layout.snapshots.sequences.last, later > loss.last ?? 0 {
            words += """
                ; a snapshot of record \(later) lies beside it: if it is of this journal, records \
                up to \(later) were removed
                """
        }
        logger.log(.warning, words)
    }

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
