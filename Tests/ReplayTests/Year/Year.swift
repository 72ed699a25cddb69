import CommandLineInterface
import Console
import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import MillraceTesting
import Runtime
import Synchronization
import Testing
import Vault

/// A year of one pipeline, told by the real plugins: fifty-two weekly drops, a damaged one, a summer
/// that drifts, a contract, a change of the settings, approvals, mislabelled data, a rollback.
///
/// Made once for all tests of the process; they only read it.
struct Year: Sendable {
    let layout: WorkspaceLayout

    static let shared = Task { try await Year.make() }

    static let settings = """
        {
          pipelines: {
            delays: {
              dataset: "flights",
              target: { column: "delay", above: 15 },
              features: ["distance", "hour", "carrier"],
              gates: [{ metric: "auc", atLeast: 0.6 }],
              champion: { gain: -0.02 },
              retrain: { newRows: 250, coolDown: "20d" },
            },
          },
        }
        """

    static let withApproval = settings.replacing(
        "champion:", with: "approval: [\"production\"], champion:")

    /// The commands' own now: the end of the year.
    static let now =
        Timestamp(parsing: "2026-12-31T12:00:00Z") ?? Timestamp(microseconds: 0)
    private static let start =
        Timestamp(parsing: "2026-01-05T06:00:00Z") ?? Timestamp(microseconds: 0)
    private static let day = 86_400.0

    private static func make() async throws -> Year {
        let mill = try await YearMill(settings: settings, at: start)
        for week in 1...52 {
            let time = start.advanced(bySeconds: Double(week - 1) * 7 * day)
            mill.wait(until: time)
            let number = week < 10 ? "0\(week)" : "\(week)"
            try await mill.drop("data/flights/2026-w\(number).csv", YearData.csv(week: week))
            mill.wait(until: time.advanced(bySeconds: day))
            try await between(week, mill)
        }
        let layout = WorkspaceLayout(root: try folder())
        try Files.replace(layout.settings, with: Array(withApproval.utf8), durable: false)
        try mill.write(to: layout)
        return Year(layout: layout)
    }

    /// What people do on the day after a drop.
    private static func between(_ week: Int, _ mill: YearMill) async throws {
        switch week {
        case 11:
            let proposed = mill.world.base.written["contracts/flights.proposed.json"] ?? []
            try await mill.drop(
                "contracts/flights.json", String(decoding: proposed, as: UTF8.self), uid: 1001)
        case 20: try await mill.drop("millrace.json", withApproval)
        case 41: try await mill.command("rollback", week, "labels are wrong")
        case 21... where mill.waitsForApproval:
            try await mill.command("approve", week, "looked at")
        default: break
        }
    }

    private static func folder() throws -> FilePath {
        var name = Array("/tmp/millrace-year-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw SystemError(.current, "mkdtemp") }
        let path = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        YearFolder.remove(path)
        return FilePath(bytes: path)
    }

    /// The last record of the last batch that ends before a place.
    func batchEnd(before sequence: UInt64) throws -> UInt64 {
        var end: UInt64 = 0
        let cursor = try JournalReader(directory: layout.journal).cursor()
        while let record = try cursor.next(), record.sequence < sequence {
            if record.batchIndex == record.batchCount { end = record.sequence }
        }
        return end
    }

    /// A workspace whose journal ends after a record; it has the vault of this one.
    func cut(after last: UInt64) throws -> Year {
        let short = WorkspaceLayout(root: try Year.folder())
        try Files.makeDirectories(short.journal, mode: 0o700)
        try Files.replace(
            short.settings, with: try Files.read(layout.settings, limit: 1 << 20), durable: false)
        var lines: [UInt8] = []
        let cursor = try JournalReader(directory: layout.journal).cursor()
        while let record = try cursor.next(), record.sequence <= last {
            lines += record.line + [UInt8(ascii: "\n")]
        }
        try Files.replace(
            short.journal.appending("00000000000000000001.jsonl"), with: lines, durable: false)
        guard symlink(layout.vault.description, short.vault.description) == 0 else {
            throw SystemError(.current, "symlink")
        }
        return Year(layout: short)
    }

    /// The contract in force, with a bound on the rows of a drop, in a file outside the workspace.
    func contract(rowsMax: Int) throws -> String {
        let reader = JournalReader(directory: layout.journal)
        let view = try WorkspaceView(reader, projections: [DatasetRegistry.self])
        let known = view.state(DatasetRegistry.self).datasets["flights"]?.contract
        let bytes = try Vault(directory: layout.vault).read(
            try #require(known).digest, limit: 1 << 20)
        let text = String(decoding: bytes, as: UTF8.self)
        let bounded = text.replacing(
            "\"mustBeGreaterOrEqualTo\": 1", with: "\"mustBeBetween\": [1, \(rowsMax)]")
        #expect(bounded != text)
        let file = "/tmp/millrace-contract-\(getpid())-\(UInt32.random(in: 0 ... .max)).json"
        YearFolder.remove(Array(file.utf8))
        try Files.replace(
            FilePath(file), with: Array(bounded.utf8),
            durable: false)
        return file
    }

    // MARK: the program

    struct Answer: Sendable {
        var code: ExitCode
        var out: String
        var err: String

        var all: String { err.isEmpty ? out : out + "--- standard error\n" + err }
        func json() throws -> JSONValue { try JSONValue(parsing: Array(out.utf8)) }
        func decode<T: Decodable>(_: T.Type = T.self) throws -> T { try json().decode(T.self) }
    }

    /// Runs a command line in the workspace, on a terminal of 80 columns without colours.
    func run(_ words: String...) async -> Answer { await run(words) }

    func run(_ words: [String]) async -> Answer {
        let program = MillraceProgram(plugins: YearMill.plugins, clock: { Year.now }).program
        let terminal = Terminal(isInteractive: true, width: 80)
        let streams = Streams(
            out: OutputWriter(capturing: terminal),
            err: OutputWriter(capturing: Terminal(isInteractive: false, width: 80)))
        let code = await program.run(
            (words + ["--workspace", layout.root.description]).map { RawArgument($0) }, streams)
        func tidy(_ text: String) -> String {
            text.replacing(layout.root.description, with: "WORKSPACE")
        }
        return Answer(
            code: code, out: tidy(streams.out.captured), err: tidy(streams.err.captured))
    }
}

extension YearMill {
    /// A version waits for a person.
    var waitsForApproval: Bool {
        var models = ModelRegistry()
        for event in log.batches.joined() { models.apply(event) }
        return !(models.models["delays"]?.waiting.isEmpty ?? true)
    }

    /// A command of a person, as the command line writes it.
    func command(_ name: String, _ week: Int, _ comment: String) async throws {
        try await drop(
            "inbox/\(name)-\(week).json",
            "{\"command\":\"\(name)\",\"about\":\"model/delays\","
                + "\"arguments\":{\"comment\":\"\(comment)\"}}\n", uid: 1001)
    }
}

/// Takes the folder away when the process ends.
private enum YearFolder {
    private static let paths = Mutex<[[UInt8]]>([])

    static func remove(_ bytes: [UInt8]) {
        paths.withLock { paths in
            if paths.isEmpty {
                atexit {
                    for path in YearFolder.paths.withLock({ $0 }) {
                        try? Files.removeFolder(FilePath(bytes: path))
                    }
                }
            }
            paths.append(bytes)
        }
    }
}
