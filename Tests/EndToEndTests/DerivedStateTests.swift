import Daemon
import LinuxSystem
import Millrace
import Runtime
import Testing

extension EndToEnd {
    /// What is derived from the journal may be missing, damaged or old: nobody notices but the clock.
    @Suite struct DerivedStateTests {
        @Test func `snapshots are made, compared, and never believed when they are damaged`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                let folder = mill.layout.snapshots.directory
                let names = try Files.names(in: folder)
                #expect(!names.isEmpty)
                let status = try mill.run(["status", "--json"])
                let replay = try mill.run(["replay"])
                #expect(replay.code == 0)
                #expect(replay.out.contains("what the daemon holds"), "\(replay)")

                // One changed byte in each, then none at all.
                for name in names {
                    let file = folder.appending(name)
                    var bytes = try Files.read(file, limit: 64 << 20)
                    bytes[bytes.count / 2] ^= 4
                    try Files.replace(file, with: bytes)
                }
                #expect(try mill.run(["status", "--json"]).out == status.out)
                #expect(try mill.run(["run", "--once"]).code == 0)
                #expect(try mill.run(["replay"]).out.contains("what the daemon holds"))
                try Files.removeFolder(folder)
                let again = try mill.run(["run", "--once"])
                #expect(again.code == 0, "\(again)")
                #expect(try mill.facts(DataAccepted.self).count == 1)
                #expect(try mill.facts(RunStarted.self).count == 1)
                #expect(try !Files.names(in: folder).isEmpty)
                #expect(try mill.run(["verify"]).code == 0)
            }
        }

        @Test func `a moment that has not come is said to be none`() async throws {
            try await Workspace.use { mill in
                #expect(try mill.run(["run", "--once"]).code == 0)
                let status = try mill.run(["status", "--at", "99999"])
                #expect(status.code == 4)
                #expect(status.err.contains("there is no record 99999 yet"), "\(status)")
            }
        }

        @Test func `readers go on over damage that was accepted, and over no other`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                try damage(mill, record: 5)
                #expect(try mill.run(["run", "--once"]).code == 6)
                let refused = try mill.run(["events"])
                #expect(refused.code == 6, "\(refused)")

                let accepted = try mill.run(["run", "--once", "--accept-damage"])
                #expect(accepted.code == 0, "\(accepted)")
                for words in [["status"], ["events"], ["why", "delays"], ["replay"]] {
                    let output = try mill.run(words)
                    #expect(output.code == 0, "\(words): \(output)")
                }
                let events = try mill.run(["events"])
                #expect(events.err.contains("which was accepted"), "\(events)")
                #expect(events.err.split(separator: "\n").count == 1)
                // Another place was accepted by nobody.
                try damage(mill, record: 12)
                #expect(try mill.run(["events"]).code == 6)
            }
        }

        @Test(arguments: [2, 9, -1, -2, -6])
        func `damage that was accepted is accepted for good`(_ record: Int) async throws {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                #expect(try mill.run(["run", "--once"]).code == 0)
                let count = try lines(mill)
                try damage(mill, record: record > 0 ? record : count + 1 + record)
                #expect(try mill.run(["run", "--once"]).code == 6)
                #expect(try mill.run(["run", "--once", "--accept-damage"]).code == 0)
                for start in [2, 3] {
                    try mill.drop(
                        try mill.flights("01", every: 20, from: start),
                        at: "data/flights/\(start).csv")
                    // A challenger may be refused; what counts is that the daemon works.
                    let again = try mill.run(["run", "--once"])
                    #expect(again.code <= 1, "\(again)")
                }
                // What nobody accepted is noticed as before.
                try damage(mill, record: record == 2 ? 5 : 1)
                mill.daemon = try mill.spawn([], environment: Workspace.shellEnvironment)
                #expect(try mill.waitForEnd() == .exited(6))
            }
        }

        private func lines(_ mill: Workspace) throws -> Int {
            let names = try Files.names(in: mill.layout.journal)
            let file = try #require(names.first { $0.string.hasSuffix(".jsonl") })
            let bytes = try Files.read(mill.layout.journal.appending(file), limit: 64 << 20)
            return bytes.split(separator: UInt8(ascii: "\n")).count
        }

        /// Changes a bit in the payload of a record.
        private func damage(_ mill: Workspace, record: Int) throws {
            let names = try Files.names(in: mill.layout.journal).filter {
                $0.string.hasSuffix(".jsonl")
            }
            let file = mill.layout.journal.appending(try #require(names.first))
            var bytes = try Files.read(file, limit: 64 << 20)
            let newline = UInt8(ascii: "\n")
            let ends = bytes.indices.filter { bytes[$0] == newline }
            try #require(ends.count > record)
            bytes[ends[record - 1] - 3] ^= 1
            try Files.replace(file, with: bytes)
        }
    }
}
