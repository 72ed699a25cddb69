import Checksums
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// Whatever lies in an input folder: the daemon lives, production stays, and each thing has an
    /// event that says what became of it.
    @Suite struct BadDropTests {
        /// Names relative to the workspace, and what is in them: none is data of flights.
        private static let bad: [(name: [UInt8], bytes: [UInt8])] = [
            (Array("empty.csv".utf8), []),
            (Array("line.csv".utf8), Array("just one line".utf8)),
            (Array("header.csv".utf8), Array("year,month,day\n".utf8)),
            (Array("noise.csv".utf8), noise(20_000)),
            (Array("zeros.csv".utf8), [UInt8](repeating: 0, count: 10_000)),
            (Array("quote.csv".utf8), Array("a,b\n\"never closed".utf8)),
            (Array("no-table.png".utf8), [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
            (Array("line one\nline two\u{1B}[31m.csv".utf8), Array("x\n1\n".utf8)),
            ([0xFF, 0xFE, 0x80] + Array(".csv".utf8), Array("x\n2\n".utf8)),
            (Array(repeating: UInt8(ascii: "n"), count: 251) + Array(".csv".utf8), [0x78, 0x0A]),
        ]

        private static func noise(_ count: Int) -> [UInt8] {
            var random = Seeded(seed: 7)
            return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        }

        @Test func `no drop of any kind harms production, and a good one afterwards is taken`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.start()
                try mill.drop(try mill.flights("01", every: 10), at: "data/flights/first.csv")
                try mill.wait(for: StageChecked.self) { $0.stage == "production" }
                let live = mill.link("deployments/production/delays")
                let mark = try mill.mark
                try dropEverythingBad(mill)
                try everythingIsAnswered(mill, after: mark)
                #expect(try mill.facts(RunStarted.self, after: mark).isEmpty)
                #expect(try mill.facts(DeploymentPlanned.self, after: mark).isEmpty)
                #expect(mill.link("deployments/production/delays") == live)
                #expect(mill.isRunning)

                // Names are no reason to refuse: these two hold good rows.
                let odd = [
                    FilePath("data/flights/second\nFebruary.csv"),
                    FilePath(bytes: Array("data/flights/".utf8) + [0xE9] + Array(".csv".utf8)),
                ]
                for (index, path) in odd.enumerated() {
                    try mill.drop(
                        try mill.flights("02", every: 10, from: index + 1), at: path)
                    try mill.wait(for: DataAccepted.self, after: mark) {
                        $0.file.path.bytes == path.bytes
                    }
                }
                #expect(try mill.stop() == .exited(0))
                try nothingIsLeftOfWhatIsGone(mill)
                try namesAreEscaped(mill)
                #expect(try mill.run(["verify", "--vault"]).code == 0)
            }
        }

        private func dropEverythingBad(_ mill: Workspace) throws {
            let folder = mill.root.appending("data/flights")
            for drop in BadDropTests.bad {
                try mill.write(drop.bytes, to: folder.appending(FilePath(bytes: drop.name)))
            }
            try Files.makeDirectories(folder.appending("folder.csv"))
            _ = folder.appending("fifo.csv").withCString { mkfifo($0, 0o644) }
            _ = folder.appending("link.csv").withCString { symlink("/etc/passwd", $0) }
            _ = folder.appending("dangling.csv").withCString { symlink("nowhere", $0) }
            try mill.write(Array("x\n3\n".utf8), to: folder.appending(".hidden.csv"))
            try mill.write(Array("x\n4\n".utf8), to: folder.appending("unfinished.part"))
            for index in 0..<20 {
                let file = folder.appending("gone-\(index).csv")
                try mill.write(Array("x\n\(index + 10)\n".utf8), to: file)
                try Files.unlink(file)
            }
        }

        private func everythingIsAnswered(_ mill: Workspace, after mark: UInt64) throws {
            for drop in BadDropTests.bad {
                let path = Array("data/flights/".utf8) + drop.name
                let rejected = try mill.wait(for: DataRejected.self, after: mark) {
                    $0.path.bytes == path
                }.payload
                #expect(!rejected.summary.isEmpty)
                #expect(!rejected.violations.isEmpty)
                let report = try JSONValue(
                    parsing: try mill.read("\(rejected.quarantine)/report.json"))
                #expect(report["summary"]?.stringValue?.isEmpty == false)
                // In quarantine lies what was dropped, byte for byte.
                let kept = try Files.names(in: mill.layout.path(of: rejected.quarantine))
                    .filter { !["report.json", "report.html"].contains($0.string) }
                try #require(kept.count == 1)
                #expect(
                    try Files.read(
                        mill.layout.path(of: rejected.quarantine).appending(kept[0]),
                        limit: 1 << 20) == drop.bytes)
            }
            for (name, word) in [
                ("fifo.csv", "FIFO"), ("link.csv", "symbolic link"),
                ("dangling.csv", "symbolic link"),
            ] {
                let refused = try mill.wait(for: FileRefused.self, after: mark) {
                    $0.path.name == name
                }.payload
                #expect(refused.reason.contains(word), "\(refused.reason)")
            }
            let arrived = try mill.facts(FileArrived.self)
            let secret = try Files.read(FilePath("/etc/passwd"), limit: 1 << 20)
            #expect(!arrived.contains { $0.payload.sha256 == digest(secret) })
            // By the stated rules a folder is no drop, and these names are of files in the making.
            for name in ["folder.csv", ".hidden.csv", "unfinished.part"] {
                #expect(!arrived.contains { $0.payload.path.name == name }, "\(name)")
            }
        }

        private func digest(_ bytes: [UInt8]) -> Digest { Digest(words: SHA256.hash(bytes).words) }

        /// A file that was gone at once was seen and is told to be gone, or was never seen.
        private func nothingIsLeftOfWhatIsGone(_ mill: Workspace) throws {
            for index in 0..<20 {
                let name = "gone-\(index).csv"
                let arrived = try mill.facts(FileArrived.self).filter {
                    $0.payload.path.name == name
                }
                let removed = try mill.facts(FileRemoved.self).filter {
                    $0.payload.path.name == name
                }
                #expect(arrived.count == removed.count, "\(name)")
                #expect(arrived.count <= 1)
            }
        }

        private func namesAreEscaped(_ mill: Workspace) throws {
            for words in [["events"], ["status"], ["events", "--json"], ["status", "--json"]] {
                let output = try mill.run(words)
                #expect(output.code == 0)
                #expect(!output.bytes.contains(0x1B), "\(words)")
            }
            #expect(try mill.run(["events"]).out.contains("line%20one%0Aline%20two%1B[31m.csv"))
            // One line each: no name could begin a line of its own.
            let log = try mill.text("daemon.log").split(separator: "\n")
            #expect(log.allSatisfy { $0.hasPrefix("20") && $0.contains("Z ") })
        }
    }
}
