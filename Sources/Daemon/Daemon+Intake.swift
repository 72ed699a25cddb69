import Journal
import LinuxSystem
import Millrace
import Synchronization
import Vault
import Watching

/// From the watcher into the journal: what was dropped, durably, and then acknowledged.
extension Daemon {
    /// On a thread of its own, so that reactions, however many run, do not hold it up.
    func startIntake() {
        do { try BlockingThread.start(stackSize: 1 << 20) { self.takeIn() } } catch {
            fail("no thread to take drops in: \(error)")
        }
    }

    private func takeIn() {
        watcher.forEachBlocking { [weak self] batch in self?.takeIn(batch) }
    }

    private func takeIn(_ batch: WatchBatch) {
        // Nothing is acknowledged after a failure.
        guard outcome.withLock({ $0.failure == nil }) else { return }
        // The watcher may be the first to see that the workspace is gone.
        if batch.reports.contains(where: \.isLossOfRoot) { EventDescriptor.signal(wake.raw) }
        do {
            let now = WallClock.now
            let drafts = try Intake.drafts(batch.reports, at: now)
            try journal(drafts, batch.reports)
            recognised.note(batch.reports)
            batch.acknowledge()
            metrics.taken(batch.reports)
            vault.placeSoon()
        } catch JournalError.closed where phase.isEnding {
            // It lies where it was dropped, and the next start takes it in.
            return
        } catch {
            if hasGivenUp { return }
            fail("what was dropped cannot be journaled: \(error)")
            return
        }
        if batch.reports.contains(.ready) {
            becomeReady()
            recognised.write()
        }
    }

    /// The copies are on the disk before any event that names them counts.
    private func journal(_ drafts: [EventDraft], _ reports: [WatchReport]) throws {
        // The copies of few small files go to the disk beside their events; for those of others, nobody
        // else is to wait, nor is a start after a crash to read them again.
        let isSmall = drafts.count < 16 && reports.allSatisfy { $0.size <= Vault.smallSize }
        guard !drafts.isEmpty, isSmall else {
            try vault.sync()
            if !drafts.isEmpty { _ = try writer.appendBlocking(drafts) }
            return
        }
        _ = try writer.appendBlocking(drafts, with: copies)
    }

    /// The copies of small files, as company of their events.
    static func companion(_ vault: Vault, journal: FilePath) -> Companion {
        func work(
            _ body: @escaping @Sendable () throws(VaultError) -> Void
        ) -> SideThread.Work {
            { () throws(SystemError) in
                do throws(VaultError) { try body() } catch { throw error.system }
            }
        }
        let isForced = vault.isForced(byFilesIn: journal)
        return Companion(
            force: work { () throws(VaultError) in try vault.sync() },
            handOver: isForced ? work { () throws(VaultError) in try vault.handOver() } : nil)
    }

    private func becomeReady() {
        let isFirst = outcome.withLock { outcome in
            defer { outcome.isReady = true }
            return !outcome.isReady
        }
        guard isFirst else { return }
        keeper.start { [weak self] in
            self?.checkHistory()
            self?.metrics.measureVault()
        }
        if !options.once { retention.start() }
        logger.log(.notice, "ready")
        service.ready("watching \(layout.root)")
    }
}

extension WatchReport {
    /// Bytes of the file that it tells of.
    fileprivate var size: Int {
        if case .change(let change) = self { change.version.size } else { 0 }
    }

    fileprivate var isLossOfRoot: Bool {
        if case .degraded(let part) = self { part.reason == .rootLost } else { false }
    }
}
