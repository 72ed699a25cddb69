import Console
import Glibc
import Journal
import LinuxSystem
import Millrace
import Testing

@testable import CommandLineInterface

@Suite struct VerifyCommandTests {
    /// A journal that names one object, which is in the vault.
    private func story() throws -> (Story, FilePath) {
        let story = try Story()
        let bytes = Array("hello\n".utf8)
        let hex = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        let object = story.root.appending(
            ".millrace/vault/objects/\(hex.prefix(2))/\(hex.dropFirst(2))")
        try Files.makeDirectories(object.parent)
        try Files.replace(object, with: bytes, durable: false)
        var file = try Parts.arrival("data/flights/hello.csv", 2)
        file.sha256 = try #require(Digest(hex: hex))
        try story.tell(file, by: .user(1000))
        try story.tell(DaemonStopped(reason: "done"))
        return (story, object)
    }

    @Test func `a whole history`() async throws {
        let (story, _) = try story()
        let result = await story.run("verify", "--vault", "--json")
        #expect(result.code == .success)
        let outcome = try result.decode(Verification.self)
        #expect(outcome.ok && outcome.records == 2 && outcome.damages.isEmpty)
        #expect(outcome.vault.named == 1 && outcome.vault.bytesRead == 6)
        let words = await story.run("verify")
        #expect(words.out.contains("whole") && words.out.contains(outcome.head))
    }

    @Test func `an older head is extended, and one of another history is not`() async throws {
        let (story, _) = try story()
        let head = try await story.run("verify", "--json").decode(Verification.self).head
        try story.tell(DaemonStopped(reason: "again"))
        let same = await story.run("verify", "--since-head", head, "--json")
        #expect(same.code == .success)
        #expect(try same.decode(Verification.self).extendsHead == true)
        let other = "2:" + String(repeating: "0", count: 64)
        let result = await story.run("verify", "--since-head", other)
        #expect(result.code == .negative)
        #expect(result.out.contains("not extend"))
        #expect(await story.run("verify", "--since-head", "nonsense").code == .usage)
    }

    @Test func `a changed byte is named, and the exit code says so`() async throws {
        let (story, _) = try story()
        try story.writer.close()
        let names = try Files.names(in: story.journal)
        let name = try #require(names.first { $0.string.hasSuffix(".jsonl") })
        let segment = story.journal.appending(name)
        var bytes = try Files.read(segment, limit: 1 << 20)
        bytes[400] ^= 1
        try Files.replace(segment, with: bytes, durable: false)
        let result = await story.run("verify", "--json")
        #expect(result.code == .negative)
        let outcome = try result.decode(Verification.self)
        #expect(!outcome.ok && outcome.damages.first?.sequence == 1)
        let words = await story.run("verify")
        #expect(words.out.contains("DAMAGED") && words.out.contains("record 1"))
        // Readers stop there, and say what to do.
        let status = await story.run("status")
        #expect(status.code == .damage && status.err.contains("millrace verify"))
        let drops = await story.run("drops", "--tsv")
        #expect(drops.code == .negative)
    }

    @Test func `bytes that are missing or changed in the vault are named`() async throws {
        let (story, object) = try story()
        try Files.replace(object, with: Array("hullo\n".utf8), durable: false)
        #expect(await story.run("verify").code == .success)
        let damaged = await story.run("verify", "--vault", "--json")
        #expect(damaged.code == .negative)
        #expect(try damaged.decode(Verification.self).vault.damaged.map(\.sequence) == [1])
        try Files.unlink(object)
        let missing = await story.run("verify", "--json")
        #expect(missing.code == .negative)
        let state = try missing.decode(Verification.self).vault
        #expect(state.missing.map(\.what) == ["the file data/flights/hello.csv"])
    }

    @Test func `the page of a damaged journal`() throws {
        let page = VerifyPage(
            outcome: Verification(
                ok: false, head: "128:" + String(repeating: "a", count: 64), records: 126,
                segments: 2, bytes: 48_211, seconds: 0.004,
                damages: [
                    .init(segment: "00000000000000000001.jsonl", sequence: 41, offset: 20_480)
                ],
                provable: [.init(first: 1, last: 40), .init(first: 42, last: 128)],
                extendsHead: nil, headFileMissing: true, tornTail: nil,
                seals: .init(
                    matching: 0, broken: ["00000000000000000001.jsonl"], rebuilt: [], wrong: []),
                vault: .init(
                    named: 6,
                    missing: [
                        .init(digest: Parts.digest(2), sequence: 8, what: "the file data/x.csv")
                    ], damaged: [], bytesRead: nil)))
        let text = page.lines(for: Terminal(width: 80)).map(\.plain).joined(separator: "\n")
        try Transcript.expect(text + "\n", "verify-damaged")
    }
}

extension Verification.Place {
    fileprivate init(segment: String, sequence: UInt64, offset: Int) {
        self.init(
            segment: segment, sequence: sequence, offset: offset,
            flaw: "the checksum is not that of the bytes")
    }
}
