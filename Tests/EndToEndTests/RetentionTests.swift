import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization
import Testing
import Vault

extension EndToEnd {
    /// What is old leaves, as the settings say or somebody asks, while the daemon works.
    @Suite struct RetentionTests {
        /// A journal of many small segments from long ago, in a new workspace.
        private static func fill(_ mill: Workspace) throws {
            try Files.makeDirectories(mill.layout.journal, mode: 0o700)
            var configuration = JournalConfiguration()
            configuration.segmentSize = 5000
            configuration.reserve = 4096
            configuration.quietMilliseconds = nil
            let time = Mutex<Int64>(1_750_000_000_000_000)
            configuration.clock = {
                time.withLock { time in
                    time += 60_000_000
                    return Timestamp(microseconds: time)
                }
            }
            let writer = try JournalWriter(
                directory: mill.layout.journal, configuration: configuration)
            for number in 1...200 as ClosedRange<UInt64> {
                _ = try writer.appendBlocking([
                    try EventDraft(
                        DaemonStopped(reason: "number \(number)"),
                        id: EventID(high: 9, low: number), actor: .system)
                ])
            }
            try writer.close()
        }

        private static func segments(in folder: FilePath) throws -> Int {
            try Files.names(in: folder).count { $0.string.hasSuffix(".jsonl") }
        }

        private static func settings(_ mill: Workspace, _ retention: String) throws {
            let text = try mill.text("millrace.json")
            try mill.drop(
                try text.changing(
                    "schedule: \\{\\},", to: "schedule: {}, retention: \(retention),"),
                at: "millrace.json")
        }

        @Test func `old segments move while the daemon and a reader go on`() async throws {
            try await Workspace.use { mill in
                try Self.fill(mill)
                let cold = mill.root.appending("cold")
                let before = try Self.segments(in: mill.layout.journal)
                try #require(before > 15)
                // A reader that is in the middle of what is going to move.
                let open = try JournalReader(directory: mill.layout.journal).cursor()
                for _ in 1...50 { _ = try open.next() }
                try mill.start()
                let head = try #require(
                    try mill.run(["verify", "--json"]).out.firstMatch(
                        of: /"head": *"([0-9]+:[0-9a-f]+)"/)?.output.1)
                let declined = try mill.run(["archive", "--before", "100"])
                #expect(declined.code == 2, "\(declined)")
                let elsewhere = try mill.run(["archive", "--before", "100", "--to", "\(cold)"])
                #expect(elsewhere.code == 5, "\(elsewhere)")

                try Self.settings(mill, "{ journal: { archive: \"\(cold)\" } }")
                _ = try mill.wait(for: SettingsAccepted.self) {
                    $0.settings.retention.journal.archive == cold.string
                }
                let asked = try mill.run(["archive", "--before", "100"])
                #expect(asked.code == 0, "\(asked) \(mill.logTail)")
                let first = try mill.wait(for: JournalArchived.self)
                #expect((80..<100).contains(first.payload.last))
                let command = try mill.wait(for: CommandReceived.self) { $0.command == "archive" }
                #expect(first.event.causation == command.event.id)
                #expect(try mill.run(["archive", "--before", "50"]).code == 1)

                try mill.drop(
                    try mill.text("millrace.json").changing(
                        "archive: ", to: "keep: \"30d\", archive: "),
                    at: "millrace.json")
                _ = try mill.wait(for: JournalArchived.self) { $0.last > 190 }
                try waitUntil("they are gone from the journal") {
                    try Self.segments(in: mill.layout.journal) < 4
                }
                #expect(try Self.segments(in: cold) >= before - 2)
                var count = 50
                while try open.next() != nil { count += 1 }
                #expect(count > 200)
                #expect(try mill.run(["verify", "--since-head", String(head)]).code == 0)
                let python = try ProgramRunner.run(
                    FilePath("/usr/bin/python3"),
                    arguments: [Self.verifier, mill.layout.journal.string].map { Array($0.utf8) },
                    environment: [], directory: mill.root, input: [], limit: 1 << 20,
                    milliseconds: Workspace.patience)
                #expect(python.ending == .exited(0), "\(python)")
                #expect(try mill.stop() == .exited(0))
                // Nothing is asked for, and it still begins with what is left.
                try Files.rename(cold, mill.root.appending("away"))
                try mill.start()
                #expect(try mill.run(["verify"]).code == 0)
                #expect(try mill.stop() == .exited(0))
            }
        }

        private static let verifier: String = {
            let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
            return "/\(here)/JournalTests/verify_journal.py"
        }()

        @Test func `killed while segments move, nothing is lost`() async throws {
            try await Workspace.use { mill in
                try Self.fill(mill)
                let cold = mill.root.appending("cold")
                try Self.settings(
                    mill, "{ journal: { keep: \"30d\", archive: \"\(cold)\" } }")
                var random = Seeded(seed: 7)
                for _ in 1...6 {
                    try mill.start()
                    letPass(0...60_000, &random)
                    if mill.isRunning { try mill.kill() }
                    let verified = try mill.run(["verify"])
                    #expect(verified.code == 0, "\(verified)")
                }
                try mill.start()
                try waitUntil("what is old has moved") {
                    try Self.segments(in: mill.layout.journal) < 4
                }
                #expect(try mill.run(["events", "--json", "--until", "200"]).code == 0)
                let verified = try mill.run(["verify"])
                #expect(verified.code == 0, "\(verified)")
                #expect(try mill.stop() == .exited(0))
            }
        }

        /// Makes everything in the vault look as if it had been stored long ago.
        private static func age(_ mill: Workspace) throws {
            let objects = mill.layout.vault.appending("objects")
            let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
            for folder in try Files.names(in: objects) {
                for name in try Files.names(in: objects.appending(folder)) {
                    _ = try objects.appending(folder).appending(name).withCString { path in
                        try systemCall("utimensat") { utimensat(AT_FDCWD, path, times, 0) }
                    }
                }
            }
        }

        @Test func `bytes that nothing needs leave the vault, and history says so`() async throws {
            try await Workspace.use { mill in
                try mill.drop(
                    try mill.text("millrace.json").changing("newRows: [0-9]+", to: "newRows: 1"),
                    at: "millrace.json")
                let rows = try mill.flights("01", every: 20).split(separator: UInt8(ascii: "\n"))
                func version(_ number: Int) -> [UInt8] {
                    rows.dropLast(number).flatMap { $0 + [UInt8(ascii: "\n")] }
                }
                for number in 1...5 {
                    // Each takes the place of the one before.
                    try mill.drop(version(number), at: "data/flights/a.csv")
                    #expect(try mill.run(["run", "--once"]).code <= 1)
                }
                try #require(try mill.facts(ModelVersionCreated.self).count == 5)
                try Self.settings(mill, "{ vault: { keep: \"1s\" } }")
                let drops = try mill.facts(FileArrived.self).filter {
                    $0.payload.path.description == "data/flights/a.csv"
                }.map(\.payload.sha256)
                try mill.start()
                // Everything was just stored. The second answer comes when the daemon has looked by itself.
                for _ in 1...2 { #expect(try mill.run(["vault", "collect"]).code == 1) }
                try Self.age(mill)
                var gone: Int?
                try waitUntil("something is old enough") {
                    // Of five versions at most four are needed: the latest, what is live and what was before.
                    let plan = try mill.run(["vault", "collect", "--dry-run", "--json"]).out
                    gone = drops.firstIndex { plan.contains($0.hex) }
                    return gone != nil
                }
                let number = try #require(gone)
                let old = drops[number]
                let asked = try mill.run(["vault", "collect"])
                #expect(asked.code == 0, "\(asked) \(mill.logTail)")
                let collected = try mill.wait(for: VaultCollected.self)
                #expect(collected.payload.uid == getuid())
                #expect(collected.payload.objects.contains { $0.sha256 == old })
                try waitUntil("the bytes are gone") { try !mill.vault.contains(old) }

                let verified = try mill.run(["verify", "--vault"])
                #expect(verified.code == 0, "\(verified)")
                #expect(throws: RemovedObject.self) { try mill.vault.bytes(of: old, limit: .max) }
                #expect(try mill.run(["why", "delays"]).code == 0)
                #expect(try mill.run(["prove", "delays", "-o", "proof.json"]).code == 0)
                for words in [
                    ["diff", "flights@\(number + 1)", "flights@5"],
                    ["why", "delays@\(number + 1)"],
                ] {
                    let answer = try mill.run(words)
                    #expect(
                        "\(answer)".contains("was removed under retention on 20"),
                        "\(words): \(answer)")
                }
                #expect(try mill.run(["what-if", "--set", "runtime.attempts=3"]).code == 0)

                // The same bytes again.
                try mill.drop(version(number + 1), at: "data/flights/again.csv")
                try mill.wait(for: FileArrived.self, after: collected.event.sequence) {
                    $0.sha256 == old
                }
                #expect(try mill.vault.bytes(of: old, limit: .max) == version(number + 1))
                #expect(try mill.run(["verify", "--vault"]).code == 0)
                #expect(try mill.stop() == .exited(0))
                #expect(try mill.run(["replay"]).code == 0)
            }
        }
    }
}
