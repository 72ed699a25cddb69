import Glibc
import Journal
package import LinuxSystem
package import Millrace
package import Runtime
import Synchronization
import Vault
import Watching

/// The daemon of one workspace: journal, vault, watcher and runtime put together.
package final class Daemon: Sendable {
    package struct Options: Sendable {
        package var workspace: FilePath
        /// The program that does jobs: this one.
        package var program: FilePath
        /// Its name and version, for the record.
        package var version: String
        package var registry: PluginRegistry
        package var logLevel = LogLevel.info
        /// Do what there is to do, then end.
        package var once = false
        /// Open a damaged journal all the same.
        package var acceptDamage = false

        package init(
            workspace: FilePath, program: FilePath, version: String, registry: PluginRegistry
        ) {
            self.workspace = workspace
            self.program = program
            self.version = version
            self.registry = registry
        }
    }

    let options: Options
    let layout: WorkspaceLayout
    let logger: Logger
    let service = ServiceManager()
    let writer: JournalWriter
    let vault: Vault
    /// How the copies of small drops go to the disk with their events.
    let copies: Companion
    let jobs: JobRunner
    let external: ExternalHost
    let inFlight: InFlightRecord
    let runtime: Runtime
    let watcher: Watcher
    let past: DaemonPast
    let keeper: StateKeeper
    let retention: RetentionKeeper
    let metrics: MetricsKeeper
    let inbox: InboxCleaner
    let workspaceGuard: WorkspaceGuard?
    let schedule: Scheduler
    let phase = LifePhase()
    let pause: PauseFile
    let recognised: RecognisedFiles
    let outcome = Mutex(Outcome())
    /// Made readable when the main thread has something to look at.
    let wake: FileDescriptor
    let signals: FileDescriptor

    struct Outcome {
        var failure: String?
        var isFinished = false
        var isReady = false
        /// The failure is one of the journal.
        var isDamaged = false
        var problems: [String: Int] = [:]
    }

    /// Opens everything. Signals are blocked for the calling thread and all that it starts: call it
    /// before any other thread runs. - Throws: `DaemonError` with what to do.
    package init(_ options: Options) throws(DaemonError) {
        self.options = options
        MemoryFootprint.prepare()
        layout = WorkspaceLayout(root: options.workspace)
        logger = Logger(level: options.logLevel)
        let room = StartRoom(logger, service, phase)
        let layout = layout
        let checked: CheckedSettings
        let files: VaultFiles
        do { checked = try CheckedSettings.read(layout, options.registry) } catch {
            throw .settings(layout.settings, error.list)
        }
        do {
            try Trust.check(layout.settings)
            signals = try DaemonSignals.make()
            try room.take {
                try Files.makeDirectories(layout.state, mode: 0o700)
                for folder in WorkspaceLayout.inputs {
                    try Files.makeDirectories(layout.root.appending(folder))
                }
            }
            wake = FileDescriptor(owning: try EventDescriptor.make())
            vault = try Vault(directory: layout.vault)
            files = try VaultFiles(layout, vault)
        } catch {
            throw DaemonError(error)
        }
        let plugins =
            checked.plugins + [
                RegisteredPlugin(WorkspacePlugin(registry: options.registry))
            ]
        // Who accepts the damage goes on with what is readable.
        let reader = JournalReader(
            directory: layout.journal,
            damage: options.acceptDamage ? .skip({ _ in }) : .accepted({ _ in }))
        // What is wrong with the journal itself is told when it is opened.
        if options.acceptDamage { try? Daemon.forgetDamaged(layout) }
        let early = EarlySnapshot(reader, layout.snapshots, DaemonHistory.empty(plugins))
        var configuration = JournalConfiguration()
        configuration.acceptDamage = options.acceptDamage
        configuration.givesUp = { room.givesUp() }
        let journal = layout.journal
        configuration.wasAccepted = { damage in
            (try? AcceptedDamage(JournalReader(directory: journal)))?.covers(damage) ?? false
        }
        configuration.isWhole = { [vault] event in
            guard let arrived = event.payload(as: FileArrived.self),
                arrived.size <= Vault.smallSize
            else { return true }
            return vault.isWhole(arrived.sha256)
        }
        do {
            writer = try room.take {
                try Files.makeDirectories(layout.journal, mode: 0o700)
                return try JournalWriter(directory: layout.journal, configuration: configuration)
            }
            Daemon.tell(writer.recovery, layout, logger)
            // The lock of the journal is that of this file, and of the vault, too.
            pause = PauseFile(layout)
            room.tell(pause)
            let vault = vault
            try room.take { try vault.prepare() }
            copies = Daemon.companion(vault, journal: layout.journal)
            try WorkspaceFolders(layout, files).removeLeftovers()
        } catch {
            throw DaemonError(error)
        }
        recognised = RecognisedFiles(layout)
        jobs = JobRunner(
            JobRunner.Configuration(
                jobs: layout.jobs, program: options.program,
                environment: JobEnvironment.make(workspace: layout.root)))
        external = ExternalHost(layout: layout, vault: vault, logger: logger)
        do {
            inFlight = try room.take {
                try InFlightRecord(layout.state.appending("in-flight"))
            }
        } catch {
            throw DaemonError(error)
        }
        CrashMark.install(inFlight)
        let stopper = Stopper()
        var engine = Runtime.Configuration(
            settings: checked.settings, plugins: plugins,
            world: LiveWorld(
                layout: layout, vault: vault, files: files, jobs: jobs, external: external,
                logger: logger),
            log: JournalLog(writer),
            read: { sequence, body in
                let cursor = try reader.cursor(from: sequence)
                while let event = try cursor.nextEvent(), body(event) {}
            },
            sleep: { try await TaskPool.sleep(seconds: $0) }, inFlight: inFlight,
            failed: { stopper.stop($0) })
        engine.observed = KeptState.observed
        runtime = Runtime(engine)
        do {
            // Before all others, who may take the last watches.
            workspaceGuard = WorkspaceGuard(layout)
            // Listing the workspace and reading the past take as long as each other.
            let survey = try? Survey(Daemon.watching(layout, checked.settings))
            var unused = survey
            defer { unused?.cancel() }
            var history = try DaemonHistory(
                reader, layout.snapshots, plugins: plugins, early: early)
            runtime.take(history.fold)
            past = history.past
            keeper = Daemon.makeKeeper(reader, layout, plugins, logger)
            retention = try Daemon.makeRetention(
                options, layout, writer, vault, keeper, runtime, logger, past)
            jobs.keepOnly(causes: try history.pendingCauses(reader))
            let commands = history.deliveries.positions[WorkspacePlugin.name.rawValue]
            inbox = InboxCleaner(
                layout, history.letters, pending: Set(commands?.pending ?? []))
            watcher = try Daemon.makeWatcher(
                layout, checked.settings, recognised.applied(to: history.takeFiles()), survey,
                vault,
                VaultRoom(pause) { [logger] in logger.log($0, $1) })
            unused = nil
            metrics = Daemon.makeMetrics(options, layout, vault, runtime, writer, watcher, logger)
            let logger = logger
            schedule = try Scheduler(checked.settings.schedule) { logger.log(.error, $0) }
            stopper.daemon = self
            try begin(history, checked, plugins)
        } catch {
            throw DaemonError(error)
        }
    }

    /// Writes down who starts with what, and hands the runtime what waits.
    private func begin(
        _ history: DaemonHistory, _ checked: CheckedSettings, _ plugins: [RegisteredPlugin]
    ) throws {
        var history = history
        var batch: [EventDraft] = []
        let now = WallClock.now
        batch.append(
            try Intake.outside(
                DaemonStarted(
                    program: options.version, pid: getpid(), host: HostName.current,
                    afterCrash: !history.past.endedInGoodOrder), actor: .system, at: now))
        if history.settings.digest != checked.digest {
            batch.append(
                try Intake.outside(
                    SettingsAccepted(sha256: checked.digest, settings: checked.settings),
                    actor: .system, at: now))
        }
        for plugin in plugins where !history.past.registered.contains(plugin.name.rawValue) {
            batch.append(
                try Intake.outside(
                    PluginRegistered(plugin: plugin.name.rawValue, from: history.head + 1),
                    actor: .system, at: now))
        }
        if options.acceptDamage, let damage = try Daemon.newlyAccepted(layout, history.past) {
            batch.append(try Intake.outside(damage, actor: .user(getuid()), at: now))
        }
        batch += try interruptions(history.deliveries)
        batch += try restoreStages(checked.settings, plugins, history.deliveries)
        writer.onCondition = { [weak self] in self?.journalChanged($0) }
        func append(_ batch: [EventDraft]) throws {
            for event in try writer.appendBlocking(batch) {
                runtime.fold(event)
                history.apply(event)
                lines.write([event])
            }
        }
        try append(batch)
        // What was missed while nobody was here.
        let due = try schedule.due(runtime.projection(ScheduleRecord.self) ?? ScheduleRecord())
        if !due.isEmpty { try append(due) }
        writer.onCommit = { [weak self] in self?.committed($0) }
        try runtime.start(history.deliveries)
    }

    private static func makeKeeper(
        _ reader: JournalReader, _ layout: WorkspaceLayout, _ plugins: [RegisteredPlugin],
        _ logger: Logger
    ) -> StateKeeper {
        let policy = SnapshotMaker.Policy()
        return StateKeeper(
            SnapshotMaker(
                reader, layout.snapshots, empty: KeptState.fold(plugins), policy: policy),
            policy: policy, tell: { logger.log(.warning, $0) })
    }

    private static func makeRetention(
        _ options: Options, _ layout: WorkspaceLayout, _ writer: JournalWriter, _ vault: Vault,
        _ keeper: StateKeeper, _ runtime: Runtime, _ logger: Logger, _ past: DaemonPast
    ) throws -> RetentionKeeper {
        try RetentionKeeper(
            RetentionKeeper.Sources(
                layout: layout, writer: writer, vault: vault, snapshots: keeper,
                plugins: {
                    options.registry.makePlugins(runtime.settings).plugins + [
                        RegisteredPlugin(WorkspacePlugin(registry: options.registry))
                    ]
                },
                settings: { runtime.settings.retention }, log: { logger.log($0, $1) }),
            open: past.requests)
    }

    private static func makeMetrics(
        _ options: Options, _ layout: WorkspaceLayout, _ vault: Vault, _ runtime: Runtime,
        _ writer: JournalWriter, _ watcher: Watcher, _ logger: Logger
    ) -> MetricsKeeper {
        MetricsKeeper(
            MetricsKeeper.Sources(
                layout: layout, vault: vault, runtime: runtime, version: options.version,
                tell: { logger.log(.warning, $0) }, head: { writer.head.sequence },
                isWritable: { if case .writing = writer.condition { true } else { false } },
                coverage: { watcher.coverage }))
    }

    private static func makeWatcher(
        _ layout: WorkspaceLayout, _ settings: WorkspaceSettings, _ known: KnownFiles,
        _ survey: Survey?, _ vault: Vault, _ room: VaultRoom
    ) throws -> Watcher {
        try Watcher(watching(layout, settings), known: known, survey: survey) { file, status in
            // One that has grown since is looked at again.
            try room.watching(status.inode) { () throws(VaultError) in
                try vault.ingest(file, sizeLimit: status.size).digest
            }
        }
    }

    /// What the settings say about watching.
    static func watching(
        _ layout: WorkspaceLayout, _ settings: WorkspaceSettings
    ) -> WatchConfiguration {
        var inputs = WorkspaceLayout.inputs.compactMap { WorkspacePath(escaped: $0) }.map {
            WatchConfiguration.Input.tree($0)
        }
        if let file = WorkspacePath(escaped: "millrace.json") { inputs.append(.file(file)) }
        var configuration = WatchConfiguration(
            root: layout.root, inputs: inputs,
            ignored: settings.watch.temporary + settings.watch.ignore,
            sizeLimit: settings.watch.fileSizeLimit)
        configuration.scanInterval = .milliseconds(settings.watch.scanInterval.milliseconds)
        configuration.scanned = Set(settings.watch.scanned)
        for (name, dataset) in settings.datasets {
            guard let path = WorkspacePath(escaped: "data/\(name)") else { continue }
            if dataset.settle > .zero {
                configuration.settleTimes[path] = .milliseconds(dataset.settle.milliseconds)
            }
            if !dataset.set.marker.isEmpty {
                configuration.sets[path] = .marker(dataset.set.marker)
            } else if dataset.set.quiet > .zero {
                configuration.sets[path] = .quiet(.milliseconds(dataset.set.quiet.milliseconds))
            }
        }
        return configuration
    }
}
