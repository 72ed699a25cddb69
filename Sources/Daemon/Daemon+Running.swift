import CLinux
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization
import Vault
import Watching

/// Lets the runtime say that it cannot go on, before there is a daemon to say it to.
final class Stopper: Sendable {
    private let target = Mutex<(daemon: Daemon?, reason: String?)>((nil, nil))

    var daemon: Daemon? {
        get { target.withLock { $0.daemon } }
        set { target.withLock { $0.daemon = newValue } }
    }

    func stop(_ reason: String) {
        let daemon = target.withLock { target in
            target.reason = target.reason ?? reason
            return target.daemon
        }
        if let daemon, !daemon.hasGivenUp { daemon.fail(reason) }
    }
}

extension Daemon {
    /// How a daemon ended.
    package enum Ending: Sendable {
        /// In good order. In `once` mode: what was refused or failed, by type.
        case done(problems: [String: Int])
        /// Asked to stop at once.
        case interrupted
        case failed(String)
        /// The journal is not what it was.
        case damaged(String)
        /// The workspace was taken away.
        case lost(String)
    }

    var lines: EventLines { EventLines(logger: logger) }

    /// Runs until a signal or a failure ends it. Blocks the calling thread.
    package func run() -> Ending {
        phase.become(.running)
        startIntake()
        if options.once { TaskPool.start { await self.finishOnce() } }
        var isDraining = false
        while true {
            var polled = [
                pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: workspaceGuard?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: schedule.timer.descriptor.raw, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polled, nfds_t(polled.count), watchdogMilliseconds)
            if count == 0, isResponsive { service.alive() }
            if polled[2].revents != 0 || polled[1].revents != 0, let loss = workspaceGuard?.loss() {
                logger.log(.error, "\(loss): nothing can be kept any more")
                logger.flush()
                return .lost(loss)
            }
            if polled[1].revents != 0 {
                drainWake()
                let now = outcome.withLock { $0 }
                if let failure = now.failure {
                    logger.flush()
                    return now.isDamaged ? .damaged(failure) : .failed(failure)
                }
                if now.isFinished { return end(now) }
            }
            if polled[3].revents != 0 {
                schedule.timer.clear()
                if !isDraining { lookAtSchedule() }
            }
            guard polled[0].revents != 0, let signal = DaemonSignals.read(signals.raw) else {
                continue
            }
            switch signal {
            case SIGHUP: reload()
            default:
                if isDraining {
                    logger.log(.warning, "stopped at once; what was running is finished next time")
                    logger.flush()
                    return .interrupted
                }
                isDraining = true
                stop(signal)
            }
        }
    }

    // MARK: events

    /// On the journal's thread, for each batch that is on the disk.
    func committed(_ events: [Event]) {
        for event in events where event.type == SettingsAccepted.type { apply(event) }
        lines.write(events)
        runtime.committed(events)
        metrics.committed(events)
        retention.committed(events)
        if let last = events.last { keeper.committed(last.sequence) }
        if events.contains(where: { Daemon.scheduleTypes.contains($0.type) }) { lookAtSchedule() }
        for event in events {
            clearInbox(event)
            if event.type == ReactionHandled.type, let cause = event.causation {
                forgetJobs(of: cause)
            }
            // The journal writes it when nothing has been appended for a moment.
            if event.type == "journal.watermark", runtime.inFlight == 0 {
                TaskPool.start {
                    self.vault.settle()
                    do { try self.vault.check() } catch { self.fail("\(error)") }
                    MemoryFootprint.trim()
                }
            }
            if Daemon.problemTypes.contains(event.type) {
                outcome.withLock { $0.problems[event.type, default: 0] += 1 }
            }
        }
    }

    /// What makes `--once` answer no.
    private static let problemTypes: Set<String> = [
        DataRejected.type, ContractRefused.type, SettingsRefused.type, RunFailed.type,
        ReactionDeadLettered.type, FileRefused.type, CommandRefused.type, ChainCut.type,
        CommandDeclined.type,
    ]

    private static let scheduleTypes = Set(ScheduleRecord.types.map { type in type.type })

    /// Journals what is due, if anything, and sets the timer.
    private func lookAtSchedule() {
        do {
            let due = try schedule.due(runtime.projection(ScheduleRecord.self) ?? ScheduleRecord())
            guard !due.isEmpty else { return }
            TaskPool.start {
                do { _ = try await self.writer.append(due) } catch {
                    if self.hasGivenUp { return }
                    self.fail("what was due cannot be journaled: \(error)")
                }
            }
        } catch {
            fail("the schedule's timer cannot be set: \(error)")
        }
    }

    private func apply(_ event: Event) {
        guard let accepted = event.payload(as: SettingsAccepted.self) else { return }
        let (plugins, issues) = options.registry.makePlugins(accepted.settings)
        guard issues.isEmpty else {
            logger.log(.error, "accepted settings do not fit the plugins: \(issues)")
            return
        }
        schedule.configure(accepted.settings.schedule)
        watcher.reconfigure(Daemon.watching(layout, accepted.settings))
        runtime.reconfigure(
            accepted.settings,
            plugins: plugins + [RegisteredPlugin(WorkspacePlugin(registry: options.registry))])
    }

    /// Answers a `sync`, and removes command files that have been dealt with.
    private func clearInbox(_ event: Event) {
        if event.type == CommandReceived.type, let path = inbox.path(of: event.causation),
            event.payload(as: CommandReceived.self)?.command == WorkspaceSynced.command
        {
            TaskPool.start { await self.answerSync(path) }
        }
        let letters = inbox.committed(event)
        if letters.isEmpty { return }
        TaskPool.start { for letter in letters { self.inbox.remove(letter) } }
    }

    private func answerSync(_ cookie: WorkspacePath) async {
        await watcher.barrier()
        // Where it cannot be written, the daemon ends, and whoever waits sees that.
        if let synced = try? Intake.outside(
            WorkspaceSynced(cookie: cookie), actor: .system, at: WallClock.now)
        {
            _ = try? await writer.append([synced])
        }
    }

    /// Removing folders is slow and can wait; the journal's thread does not.
    private func forgetJobs(of cause: EventID) {
        guard jobs.knows(cause: cause) else { return }
        TaskPool.start { self.jobs.forget(cause: cause) }
    }

    func journalChanged(_ condition: JournalCondition) {
        switch condition {
        case .writing:
            pause.note(nil)
            logger.log(.notice, "the journal is written again")
            metrics.journalChanged()
        case .stopped(let error): fail("the journal cannot be written: \(error)")
        case .diskFull:
            pause.note(WallClock.now)
            logger.log(.error, "the disk is full: waiting for room, nothing is lost")
            metrics.journalChanged()
        }
    }

    /// It ends on a full disk: what cannot be journaled any more is found, or due, again at the next start.
    var hasGivenUp: Bool {
        if phase.isEnding, case .diskFull = writer.condition { true } else { false }
    }

    func fail(_ reason: String) {
        outcome.withLock { $0.failure = $0.failure ?? reason }
        EventDescriptor.signal(wake.raw)
    }

    // MARK: ending

    private func finish() {
        outcome.withLock { $0.isFinished = true }
        EventDescriptor.signal(wake.raw)
    }

    /// Does what there is to do until nothing is left, then ends.
    private func finishOnce() async {
        while true {
            await watcher.barrier()
            let before = writer.head.sequence
            await runtime.waitUntilIdle()
            // Nothing came while it worked: done.
            if writer.head.sequence == before { break }
        }
        await stopInGoodOrder("everything is done", waitsForRoom: true)
    }

    private func stop(_ signal: CInt) {
        let name = signal == SIGTERM ? "SIGTERM" : signal == SIGINT ? "SIGINT" : "signal \(signal)"
        logger.log(.notice, "\(name): finishing what runs; a second signal stops at once")
        service.stopping("finishing what runs")
        TaskPool.start { await self.stopInGoodOrder(name, waitsForRoom: false) }
    }

    private func stopInGoodOrder(_ reason: String, waitsForRoom: Bool) async {
        await runtime.drain(seconds: runtime.settings.runtime.drain.seconds)
        if !waitsForRoom { phase.become(.ending) }
        await watcher.stop()
        await external.stop()
        try? await BlockingThread.run {
            if self.options.once { self.retention.runOnce() } else { self.retention.stop() }
        }
        do {
            let stopped = try Intake.outside(
                DaemonStopped(reason: reason), actor: .system, at: WallClock.now)
            _ = try await writer.append([stopped])
            try writer.close()
        } catch JournalError.diskFull where !options.once {
            try? writer.close()
            logger.log(
                .warning,
                "ended while the disk is full: nothing is lost, what is not journaled lies where it was "
                    + "dropped; make room, and the next start takes it in")
        } catch {
            fail("the journal could not be closed in good order: \(error)")
            return
        }
        metrics.finish()
        try? await BlockingThread.run {
            self.keeper.finish()
            self.vault.settle()
        }
        // Nothing is lost, but the disk that said so is not to be trusted, and nobody else will tell.
        do { try vault.check() } catch { return fail("\(error)") }
        finish()
    }

    private func end(_ outcome: Outcome) -> Ending {
        logger.flush()
        return .done(problems: outcome.problems)
    }

    private func reload() {
        service.reloading()
        TaskPool.start {
            // The file is an input like any other: it is enough to look again.
            await self.watcher.barrier()
            await self.runtime.waitUntilIdle()
            self.logger.log(
                .notice, "SIGHUP: settings are those of millrace.json, or the last good ones")
            self.service.ready("watching \(self.layout.root)")
        }
    }

    // MARK: waiting

    private var watchdogMilliseconds: CInt {
        guard let limit = service.watchdogMicroseconds else { return -1 }
        return CInt(clamping: limit / 1000 / 3)
    }

    /// The runtime answers and the journal can be written.
    private var isResponsive: Bool {
        _ = runtime.inFlight
        if case .stopped = writer.condition { return false }
        return true
    }

    private func drainWake() {
        var count: UInt64 = 0
        _ = read(wake.raw, &count, 8)
    }
}

/// The signals that a daemon listens to, as a descriptor.
package enum DaemonSignals {
    private static let wanted = [SIGTERM, SIGINT, SIGHUP]

    /// Blocks them for the calling thread and all that it starts.
    package static func block() {
        signal(SIGPIPE, SIG_IGN)
        // A limit on file sizes is an error of the write, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for signal in wanted { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Was the process asked to end, and has nobody read it yet?
    static var isStopPending: Bool {
        var pending = sigset_t()
        sigemptyset(&pending)
        guard sigpending(&pending) == 0 else { return false }
        return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1
    }

    static func make() throws(SystemError) -> FileDescriptor {
        block()
        return FileDescriptor(
            owning: try systemCall("signalfd") { clinux_signalfd(wanted, CInt(wanted.count)) })
    }

    static func read(_ descriptor: CInt) -> CInt? {
        // signalfd_siginfo has 128 bytes, the first four are the signal.
        var buffer = [UInt8](repeating: 0, count: 128)
        guard Glibc.read(descriptor, &buffer, 128) == 128 else { return nil }
        return buffer.withUnsafeBytes { CInt($0.load(as: UInt32.self)) }
    }
}
