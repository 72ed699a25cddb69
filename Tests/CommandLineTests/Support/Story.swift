import CommandLineInterface
import Console
import Glibc
import Journal
import LinuxSystem
import Millrace
import Synchronization

/// A clock that goes on by a second a record.
final class StoryClock: Sendable {
    private let microseconds: Mutex<Int64>

    init(_ start: Timestamp) { microseconds = Mutex(start.microseconds) }

    func tick() -> Timestamp {
        Timestamp(
            microseconds: microseconds.withLock { now in
                now += 1_000_000
                return now
            })
    }
}

/// A workspace with a history, in a temporary folder that is removed afterwards.
final class Story: Sendable {
    let root: FilePath
    let writer: JournalWriter
    private let state = Mutex(State())

    private struct State {
        var count: UInt64 = 0
        var events: [String: Event] = [:]
    }

    /// The commands' own now: an hour after the first record.
    static let now = Timestamp(parsing: "2026-03-03T15:00:00Z") ?? Timestamp(microseconds: 0)
    private static let start =
        Timestamp(parsing: "2026-03-03T14:00:00Z") ?? Timestamp(microseconds: 0)

    init(_ settings: String = "{}", segmentSize: Int? = nil) throws {
        var name = Array("/tmp/command-line-test-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw SystemError(.current, "mkdtemp") }
        root = FilePath(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        try Files.replace(
            root.appending("millrace.json"), with: Array(settings.utf8), durable: false)
        for folder in ["data", "contracts", "code", "metrics", "inbox"] {
            try Files.makeDirectories(root.appending(folder))
        }
        let journal = root.appending(".millrace/journal")
        try Files.makeDirectories(journal, mode: 0o700)
        var configuration = JournalConfiguration()
        configuration.reserve = 4096
        configuration.quietMilliseconds = nil
        if let segmentSize { configuration.segmentSize = segmentSize }
        let clock = StoryClock(Story.start)
        configuration.clock = { clock.tick() }
        writer = try JournalWriter(directory: journal, configuration: configuration)
    }

    deinit {
        try? writer.close()
        try? Files.removeFolder(root)
    }

    var journal: FilePath { root.appending(".millrace/journal") }

    /// Writes one record. Its id is made from its number, so that transcripts stay the same.
    ///
    /// - Parameters:
    ///   - label: a name for `because`.
    ///   - because: the label of the record that caused it.
    @discardableResult
    func tell(
        _ payload: some EventPayload, as label: String? = nil, because: String? = nil,
        by actor: Actor = .system
    ) throws -> Event {
        let (number, cause) = state.withLock { state in
            state.count += 1
            return (state.count, because.flatMap { state.events[$0] })
        }
        let draft = try EventDraft(
            payload, id: EventID(high: 0xABCD_0000_0000_0000 + number, low: 1), actor: actor,
            causation: cause?.id, correlation: cause?.correlation)
        let events = try writer.appendBlocking([draft])
        guard let event = events.first else { throw SystemError(.invalid, "append") }
        if let label { state.withLock { $0.events[label] = event } }
        return event
    }

    // MARK: the program

    struct Result: Sendable {
        var code: ExitCode
        var out: String
        var err: String

        /// What a person sees, results first.
        var all: String { err.isEmpty ? out : out + "--- standard error\n" + err }

        func json() throws -> JSONValue { try JSONValue(parsing: Array(out.utf8)) }

        func decode<T: Decodable>(_: T.Type = T.self) throws -> T { try json().decode(T.self) }
    }

    /// Runs a command line in the workspace, on a terminal of 80 columns without colours.
    func run(_ words: String..., isInteractive: Bool = true) async -> Result {
        await run(words.map { RawArgument($0) }, isInteractive: isInteractive)
    }

    func run(_ words: [RawArgument], isInteractive: Bool = true) async -> Result {
        let here = [RawArgument("--workspace"), RawArgument(bytes: root.bytes)]
        let takes = !["plugin", "version", "help"].contains(words.first?.text ?? "")
        return await Story.run(words + (takes ? here : []), isInteractive: isInteractive) {
            $0.replacing(self.root.description, with: "WORKSPACE")
        }
    }

    static func run(
        _ words: [RawArgument], isInteractive: Bool = true,
        _ tidy: (String) -> String = { $0 }
    ) async -> Result {
        let program = MillraceProgram(plugins: [NotifierPlugin.self], clock: { Story.now }).program
        let terminal = Terminal(isInteractive: isInteractive, width: 80)
        let streams = Streams(
            out: OutputWriter(capturing: terminal), err: OutputWriter(capturing: terminal))
        let code = await program.run(words, streams)
        return Result(
            code: code, out: tidy(streams.out.captured), err: tidy(streams.err.captured))
    }
}

/// A plugin to be listed and shown.
struct NotifierPlugin: Plugin {
    static let name: PluginName = "notifier"
    static let summary = "Tells the people on duty about every rejected drop."
    static let emits: [any EventPayload.Type] = [CommandRefused.self]

    struct Settings: PluginSettings {
        var command: [String] = []
        var retries = 3
        init() {}
        static let help = ["retries": "how often a failed command is tried again"]
    }

    let settings: Settings
    init(settings: Settings) { self.settings = settings }

    var reactions: some Reactions {
        On(DataRejected.self) { _, _ -> [CommandRefused] in [] }
        On(FileRefused.self, about: "dataset", coalescing: true) { _, _ -> [CommandRefused] in [] }
    }
}
