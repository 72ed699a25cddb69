import Checksums
import Console
import Daemon
import Foundation
import Journal
import Millrace
import Runtime
import StorageKit
import Testing
import Vault

@Suite struct ProofTests {
    private func proof(_ words: String...) async throws -> [UInt8] {
        let year = try await Year.shared.value
        let answer = await year.run(["prove"] + words)
        #expect(answer.code == .success, "\(answer.err.prefix(300))")
        return Array(answer.out.utf8)
    }

    @Test func `a proof of the champion says why it is there, step by step`() async throws {
        let year = try await Year.shared.value
        let file = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let written = await year.run("prove", "delays", "-o", file)
        // The head is another one whenever the form of any event is.
        let head = try ProofCheck.check(try [UInt8](Data(contentsOf: URL(filePath: file)))).claim
            .headHash
        try await Golden.expect(
            year, "prove", [["prove", "delays", "-o", file], ["prove", "--check", file]],
            replacing: [head.hex: "HASH", file: "delays.proof.json"])
        let checked = await year.run("prove", "--check", file)
        #expect(checked.code == .success && checked.out == written.out)
        #expect(try Python.verify(file) == nil)
    }

    @Test func `each version that was deployed can be proved, also a rollback`() async throws {
        for version in [1, 7, 12, 14] {
            let bytes = try await proof("delays@\(version)")
            let bundle = try ProofCheck.check(bytes)
            #expect(bundle.claim.version == version && bundle.claim.isWhole)
            #expect(!bundle.claim.isLive)
            let steps = Set(bundle.facts.map(\.step))
            #expect(
                steps.isSuperset(of: [
                    "data", "validation", "contract", "settings", "run", "evaluation", "gates",
                    "deployment",
                ]))
        }
        let year = try await Year.shared.value
        let never = await year.run("prove", "delays@99")
        #expect(never.code == .missing)
    }

    @Test(arguments: ["/nonexistent", "/tmp", "/dev/null/x"])
    func `a file to check that is none is told`(_ path: String) async throws {
        let year = try await Year.shared.value
        let answer = await year.run("prove", "--check", path)
        #expect(answer.code == .missing && answer.err.contains(path), "\(answer.err)")
    }

    @Test func `a link that a person names is followed, and what is no file stays what it is`()
        async throws
    {
        let files = FileManager.default
        let folder = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max))"
        try files.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? files.removeItem(atPath: folder) }
        let (file, link) = (folder + "/kept.json", folder + "/latest.json")
        try Data("before".utf8).write(to: URL(filePath: file))
        try files.createSymbolicLink(atPath: link, withDestinationPath: "kept.json")
        let year = try await Year.shared.value
        let words = ["prove", "delays@1", "--at", "36"]
        #expect(await year.run(words + ["-o", link]).code == .success)
        #expect(try files.destinationOfSymbolicLink(atPath: link) == "kept.json")
        #expect(await year.run("prove", "--check", link).code == .success)
        // A link to what is no file.
        let (null, loop) = (folder + "/null", folder + "/loop")
        try files.createSymbolicLink(atPath: null, withDestinationPath: "/dev/null")
        #expect(await year.run(words + ["-o", null]).code == .success)
        #expect(try files.destinationOfSymbolicLink(atPath: null) == "/dev/null")
        try files.createSymbolicLink(atPath: loop, withDestinationPath: "loop")
        let looped = await year.run("prove", "--check", loop)
        #expect(looped.code == .missing && looped.err.contains("link"), "\(looped.err)")
        let directory = await year.run(words + ["-o", folder])
        #expect(directory.code == .conflict && directory.err.contains("is a directory"))
        #expect(try files.contentsOfDirectory(atPath: folder).count == 4)
    }

    @Test func `both verifiers name the fact that is not what its record says`() async throws {
        let bundle = try ProofCheck.check(try await proof("delays@1", "--at", "36"))
        let run = try #require(bundle.facts.firstIndex { $0.step == "run" })
        let changes: [(name: String, change: (inout ProofBundle) -> Void)] = [
            ("claim.stage", { $0.claim.stage = "staging" }),
            ("claim.isLive", { $0.claim.isLive.toggle() }),
            ("facts.run.actor", { $0.facts[run].actor = "uid:0" }),
            ("facts.run.sha256", { $0.facts[run].sha256 = Digest(words: SHA256.hash([1]).words) }),
            ("facts.run.time", { $0.facts[run].time = Year.now }),
        ]
        let file = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        for (name, change) in changes {
            var other = bundle
            change(&other)
            let bytes = try other.bytes()
            let flaw = #expect(throws: ProofFlaw.self) { try ProofCheck.check(bytes) }
            #expect(flaw?.description.hasPrefix(name) == true, "\(name): \(flaw as Any)")
            try Data(bytes).write(to: URL(filePath: file))
            let said = try Python.verify(file) ?? ""
            #expect(said.contains(" \(name) "), "\(name): \(said)")
        }
    }

    @Test func `one changed byte anywhere is found and named`() async throws {
        let bytes = try await proof("delays@1", "--at", "36")
        #expect(try ProofCheck.check(bytes).claim.version == 1)
        // Another byte and another bit in each run of the loop; together they reach every part.
        for place in stride(from: 0, to: bytes.count, by: 211) {
            var changed = bytes
            changed[place] ^= 1 << UInt8(place % 7)
            #expect(throws: ProofFlaw.self, "byte \(place)") { try ProofCheck.check(changed) }
        }
        // A record is named by its number.
        let text = String(decoding: bytes, as: UTF8.self)
        let other = text.replacing("\\\"run\\\":1,", with: "\\\"run\\\":2,")
        #expect(other != text)
        let flaw = #expect(throws: ProofFlaw.self) { try ProofCheck.check(Array(other.utf8)) }
        #expect(flaw?.description.contains("record") == true)
    }

    @Test func `a record that is taken out, or a fact that is made up, is found`() async throws {
        let bundle = try ProofCheck.check(try await proof("delays@1", "--at", "36"))
        for index in bundle.records.indices {
            var cut = bundle
            cut.records.remove(at: index)
            let bytes = try cut.bytes()
            #expect(throws: ProofFlaw.self, "without entry \(index)") {
                try ProofCheck.check(bytes)
            }
        }
        var invented = bundle
        invented.facts[0].actor = "uid:0"
        let bytes = try invented.bytes()
        #expect(throws: ProofFlaw.self) { try ProofCheck.check(bytes) }
        var other = bundle
        other.claim.isLive.toggle()
        let claim = try other.bytes()
        #expect(throws: ProofFlaw.self) { try ProofCheck.check(claim) }
    }

    @Test func `a chain of more than 32 MiB is left out, and what matters proves it all the same`()
        async throws
    {
        let year = try await Year.shared.value
        // The contract of its drop was accepted once more, long after it.
        let long = try year.cut(after: try year.batchEnd(before: 300))
        try long.fill(megabytes: 34)
        let proof = await long.run("prove", "delays@1")
        #expect(proof.code == .success, "\(proof.err)")
        let bundle = try ProofCheck.check(Array(proof.out.utf8))
        #expect(!bundle.claim.isWhole && bundle.claim.version == 1)
        #expect(proof.out.utf8.count < 1 << 20 && bundle.records.count < 60)
        let file = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(proof.out.utf8).write(to: URL(filePath: file))
        #expect(try Python.verify(file) == nil)
        #expect(await long.run("prove", "--check", file).code == .success)
        // Who wants all of it and more than any proof takes is told so.
        let reader = JournalReader(directory: long.layout.journal)
        let search = EvidenceSearch(reader, upTo: try reader.head().sequence)
        let files = try VaultFiles(long.layout)
        let flaw = #expect(throws: ProofFlaw.self) {
            try ProofBuilder(search, files: files).bundle(
                deployment: bundle.claim.deployment, evidence: [], chainMax: 4 << 20,
                isWhole: true)
        }
        #expect(flaw?.description.contains("more than 4 MiB") == true)
    }

    @Test func `the second verifier finds what the first one finds`() async throws {
        let bytes = try await proof("delays@1", "--at", "36")
        let file = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(bytes).write(to: URL(filePath: file))
        #expect(try Python.verify(file) == nil)
        for place in stride(from: 1, to: bytes.count, by: bytes.count / 12) {
            var changed = bytes
            changed[place] ^= 4
            try Data(changed).write(to: URL(filePath: file))
            let found = try #require(try Python.verify(file), "byte \(place)")
            // It says what is wrong, in a line; a crash would not.
            #expect(
                found.hasPrefix("the proof does not hold: ") && found.utf8.count < 400, "\(found)")
        }
    }
}

extension Year {
    /// Appends records of a megabyte each that are about nothing else here.
    fileprivate func fill(megabytes: Int) throws {
        var configuration = JournalConfiguration()
        configuration.quietMilliseconds = nil
        configuration.storage = UnsyncedStorage()
        configuration.clock = { Year.now }
        let writer = try JournalWriter(directory: layout.journal, configuration: configuration)
        let text = String(repeating: "x", count: 1_000_000)
        for number in 0..<UInt64(megabytes * 21 / 20) {
            _ = try writer.appendBlocking([
                EventDraft(
                    id: EventID(high: 77, low: number), type: "note.kept",
                    subject: Subject("note", "\(number)"), actor: .system,
                    payload: Array("{\"text\":\"\(text)\"}".utf8))
            ])
        }
        try writer.close()
    }
}
