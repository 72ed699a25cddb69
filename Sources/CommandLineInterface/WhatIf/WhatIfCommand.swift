import Console
import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace what-if`: what would have been.
struct WhatIfCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let since = Option.value(
        "since", .moment, help: "the change holds from here on; else from the first day")
    private static let settings = Option.value(
        "settings", .file, help: "these settings in the place of millrace.json")
    private static let set = Option.repeated(
        "set",
        ValueType<SettingsChange>(
            placeholder: "KEY=VALUE",
            expectation: "a setting, such as 'pipelines.delays.gates[0].atLeast=0.7'",
            parse: { $0.text.flatMap { SettingsChange($0) } }),
        help: "one setting otherwise; may be given several times")
    private static let contract = Option.repeated(
        "contract", ValueType.text.named("DATASET=FILE"),
        help: "this contract from the beginning on")
    private static let plugin = Option.repeated(
        "plugin", ValueType.text.named("NAME[={...}]"),
        help: "this plugin with other settings; without any, as it is in this program")
    private static let train = Option.flag(
        "train", help: "train for real where no outcome is known (in a scratch folder)")

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "what-if", summary: "run history through changed settings, and see what differs",
            discussion: """
                Runs the journal again beside itself, with the change, in a scratch folder and with \
                the world turned off: no stage is switched, no message sent, no program started, and \
                nothing in the workspace is written. What was trained and measured is taken from the \
                journal where it was made from the same bytes; where it was not, it says that the \
                outcome is unknown, unless --train lets it train.
                So a rule of today can be tried on all of last year. With nothing changed nothing \
                differs.
                """,
            group: "Ask",
            examples: [
                .init(
                    "what-if --set 'pipelines.delays.gates[0].atLeast=0.7'",
                    "a stricter gate, over all of history"),
                .init("what-if --contract flights=new.json", "which drops would it refuse?"),
                .init(
                    "what-if --since 90d --set pipelines.delays.retrain.newRows=500",
                    "fewer trainings, these ninety days"),
                .init("what-if --settings draft.json --train", "with real training"),
                .init("what-if --plugin validator", "all drops through this program's validator"),
            ],
            options: [
                WhatIfCommand.since, WhatIfCommand.settings, WhatIfCommand.set,
                WhatIfCommand.contract, WhatIfCommand.plugin, WhatIfCommand.train, Shared.json,
                Shared.workspace,
            ]
        ) { input in
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            let changes = try WhatIfCommand.changes(input, reader, registry, clock())
            let outcome = try await WhatIfCommand.outcome(
                reader, layout, registry, changes, input.err)
            if input[Shared.json] {
                try Reading.write(outcome, to: input.out)
            } else {
                let page = WhatIfPage(outcome: outcome, trains: changes.trains)
                input.out.lines(page.lines(for: input.out.terminal))
            }
            return .success
        }
    }

    private static func outcome(
        _ reader: JournalReader, _ layout: WorkspaceLayout, _ registry: PluginRegistry,
        _ changes: WhatIfChanges, _ err: OutputWriter
    ) async throws -> WhatIfOutcome {
        let scratch = try ScratchFolder("what-if")
        defer { scratch.remove() }
        let machine = try WhatIfMachine(of: layout, scratch: scratch.path)
        var line = ProgressLine(err)
        do {
            var run = try WhatIfRun(
                reader, registry: registry, changes: changes, machine: machine,
                progress: { record, last in
                    line.show(
                        "record \(Format.count(Int(clamping: record))) of \(Format.count(Int(clamping: last)))",
                        nowSeconds: Double(monotonicNanoseconds()) / 1e9)
                })
            let outcome = try await run.run()
            line.clear()
            return outcome
        } catch let error as ReactionError {
            line.clear()
            throw CommandFailure(.settings, Text("\(error)"))
        }
    }

    // MARK: what is changed

    private static func changes(
        _ input: Invocation, _ reader: JournalReader, _ registry: PluginRegistry, _ now: Timestamp
    ) throws -> WhatIfChanges {
        var changes = WhatIfChanges()
        changes.trains = input[train]
        changes.since = try start(input[since], reader, now)
        var overlays = input[set]
        for word in input[plugin] {
            let parts = word.split(separator: "=", maxSplits: 1).map { String($0) }
            let names = registry.types.map { type in type.name.rawValue }
            guard let name = parts.first, names.contains(name) else {
                throw CommandFailure(
                    .missing, "there is no plugin '\(parts.first ?? "")'",
                    advice: Text("there are: \(names.sorted().joined(separator: ", "))"))
            }
            guard parts.count == 2 else {
                changes.reruns.insert(name)
                continue
            }
            overlays += try pluginSettings(name, parts[1])
        }
        let whole = try input[settings].map { try wholeSettings($0, registry) }
        if whole != nil || !overlays.isEmpty {
            let changed = overlays
            changes.settings = { recorded in
                try changed.applied(to: whole ?? recorded, registry)
            }
        }
        changes.contracts = try input[contract].map { try contract($0) }
        if !overlays.isEmpty || !changes.contracts.isEmpty {
            try requireNames(of: overlays, whole, changes.contracts.map(\.dataset), reader)
        }
        return changes
    }

    private static func pluginSettings(_ name: String, _ text: String) throws -> [SettingsChange] {
        do {
            let value = try JSON5Document(parsing: Array(text.utf8)).value
            guard let members = value.members else {
                throw CommandFailure(.usage, "--plugin \(name) takes an object: \(name)={ … }")
            }
            return members.map {
                SettingsChange(path: ["plugins", name, $0.key], value: $0.value)
            }
        } catch let error as JSONError {
            throw CommandFailure(.usage, "--plugin \(name): \(error.message)")
        }
    }

    private static func wholeSettings(
        _ bytes: [UInt8], _ registry: PluginRegistry
    ) throws -> WorkspaceSettings {
        let path = FilePath(bytes: bytes)
        let text = try Shared.readFile(path, limit: CheckedSettings.sizeLimit)
        do {
            return try CheckedSettings(text, registry).settings
        } catch {
            throw CommandFailure(.settings, Text("\(path.description): \(error)"))
        }
    }

    private static func contract(_ word: String) throws -> WhatIfChanges.Contract {
        let parts = word.split(separator: "=", maxSplits: 1).map { String($0) }
        guard parts.count == 2,
            let path = WorkspacePath(escaped: "contracts/\(parts[0]).json"),
            Area(of: path).name == parts[0]
        else {
            throw CommandFailure(
                .usage, "--contract takes a dataset and a file: --contract flights=new.json")
        }
        return WhatIfChanges.Contract(
            dataset: parts[0], path: path,
            bytes: try Shared.readFile(FilePath(parts[1]), limit: 4 << 20))
    }

    /// What never was there would be a mistyped name, and change nothing.
    private static func requireNames(
        of overlays: [SettingsChange], _ whole: WorkspaceSettings?, _ contracts: [String],
        _ reader: JournalReader
    ) throws {
        let view = try WorkspaceView(
            reader, projections: [DatasetRegistry.self, SettingsInForce.self])
        let settings = whole ?? view.state(SettingsInForce.self).settings ?? WorkspaceSettings()
        if let name = overlays.lazy.compactMap({ $0.missingPipeline(in: settings) }).first {
            throw unknown("pipeline", name, among: Array(settings.pipelines.keys))
        }
        let datasets = view.state(DatasetRegistry.self).datasets
        if let name = contracts.first(where: { datasets[$0] == nil }) {
            throw unknown("dataset", name, among: Array(datasets.keys))
        }
    }

    private static func unknown(
        _ kind: String, _ name: String, among names: [String]
    ) -> CommandFailure {
        let meant = suggestions(for: name, among: names)
        let advice =
            meant.isEmpty
            ? "there are: \(names.sorted().joined(separator: ", "))"
            : "Did you mean '\(meant.joined(separator: "' or '"))'?"
        return CommandFailure(
            .missing, "there is no \(kind) '\(name)'", advice: names.isEmpty ? nil : Text(advice))
    }

    /// The first record at or after a place in history.
    ///
    /// - Throws: for a place that lies ahead: a change from there on changes nothing yet.
    private static func start(
        _ since: TypedMoment?, _ reader: JournalReader, _ now: Timestamp
    ) throws -> UInt64 {
        guard let since else { return 1 }
        let advice: Text = "--since takes a place in history; without it all of it is run"
        switch try since.moment(now: now, in: reader, advice: advice) {
        case .sequence(let sequence): return sequence
        case .end: return 1
        case .time(let time):
            if let first = try reader.sequence(at: time) { return first }
            let last = try reader.head().sequence
            throw CommandFailure(
                .missing,
                "\(Format.dateAndTime(time)) lies ahead: the last record, \(last), is older",
                advice: advice)
        }
    }
}

/// A folder of this command's own, outside the workspace.
struct ScratchFolder {
    let path: FilePath

    init(_ name: String) throws {
        let base = environmentVariable("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(base)/millrace-\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemError(.current, "mkdtemp", base)
        }
        path = FilePath(bytes: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    func remove() { try? Files.removeFolder(path) }
}
