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
        #expect(try same.decode(Verification.self).extendsHead == .yes)
        let shouted = await story.run("verify", "--since-head", head.uppercased())
        #expect(shouted.code == .success && shouted.out.contains("extends the head"))
        let other = "2:" + String(repeating: "0", count: 64)
        let result = await story.run("verify", "--since-head", other)
        #expect(result.code == .negative)
        #expect(result.out.contains("not extend") && result.out.contains("another"))
        let later = await story.run("verify", "--since-head", "9" + head.dropFirst())
        #expect(later.code == .negative && later.out.contains("shortened"))
        let nothing = await story.run("verify", "--since-head", "0:" + head.dropFirst(2))
        #expect(nothing.code == .negative)
        #expect(await story.run("verify", "--since-head", "nonsense").code == .usage)
    }

    @Test func `a changed byte is named, and the exit code says so`() async throws {
        let (story, _) = try story()
        try story.writer.close()
        try damage(story, at: 400)
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

    @Test func `an older head before damage is proven as far as it goes`() async throws {
        let (story, _) = try story()
        let head = try await story.run("verify", "--json").decode(Verification.self).head
        let place = try Files.read(try segment(of: story), limit: 1 << 20).lastIndex(of: 0x7D)
        try story.tell(DaemonStopped(reason: "again"))
        try story.tell(DaemonStopped(reason: "and again"))
        try story.writer.close()
        try damage(story, at: try #require(place) + 402)
        let json = await story.run("verify", "--since-head", head, "--json")
        #expect(json.code == .negative)
        #expect(
            json.out.contains("\"extendsHead\": null") || json.out.contains("\"extendsHead\":null"))
        let outcome = try json.decode(Verification.self)
        #expect(outcome.damages.map(\.sequence) == [3])
        #expect(outcome.extendsHeadReason == "what follows record 2 is damaged")
        let words = await story.run("verify", "--since-head", head)
        #expect(words.out.contains("not proven") && !words.out.contains("  it extends"))
    }

    @Test func `a head file that is gone is a finding, with what a snapshot knows`() async throws {
        let (story, _) = try story()
        try story.writer.close()
        try Files.unlink(story.journal.appending("head"))
        let folder = story.journal.parent.appending("snapshots")
        try Files.makeDirectories(folder)
        func zeros(_ number: Int) -> String { String(repeating: "0", count: 18) + "\(number)" }
        try Files.replace(
            folder.appending("\(zeros(40))-\(zeros(11)).snapshot"), with: [], durable: false)
        let json = await story.run("verify", "--json")
        #expect(json.code == .negative)
        let outcome = try json.decode(Verification.self)
        #expect(!outcome.ok && outcome.headFile == .missing && outcome.laterSnapshot == 40)
        #expect(!outcome.onlyAccepted)
        let words = await story.run("verify")
        #expect(words.out.contains("head file") == false && words.out.contains("not proven"))
        #expect(words.out.contains("record 40"))
    }

    @Test func `damage that was accepted is told by whom and when`() async throws {
        let (story, _) = try story()
        try story.writer.close()
        try damage(story, at: 400)
        let report = try JournalVerifier.verify(story.journal)
        let reader = JournalReader(directory: story.journal)
        var configuration = JournalConfiguration()
        configuration.acceptDamage = true
        let writer = try JournalWriter(directory: story.journal, configuration: configuration)
        _ = try writer.appendBlocking([
            try EventDraft(
                JournalDamaged(damages: report.damages.map { reader.accepting($0) }),
                id: EventID(high: 9, low: 9), actor: .user(1000))
        ])
        try writer.close()
        let json = await story.run("verify", "--json")
        #expect(json.code == .negative)
        let outcome = try json.decode(Verification.self)
        #expect(outcome.damages.count == 1 && outcome.onlyAccepted && !outcome.ok)
        let accepted = try #require(outcome.damages.first?.accepted)
        #expect(accepted.event > 2 && accepted.by.hasPrefix("uid:"))
        let words = await story.run("verify")
        #expect(words.out.contains("accepted by #\(accepted.event) on "))
        // Other bytes at the same place were accepted by nobody.
        try damage(story, at: 410)
        let again = try await story.run("verify", "--json").decode(Verification.self)
        #expect(again.damages.first?.accepted == nil && !again.onlyAccepted)
    }

    @Test func `an unfinished end names its place, and that nothing is lost`() async throws {
        let (story, _) = try story()
        try story.writer.close()
        let segment = try segment(of: story)
        var bytes = try Files.read(segment, limit: 1 << 23)
        let end = try #require(bytes.lastIndex { $0 != 0x0A }) + 2
        bytes.replaceSubrange((end - 1)..., with: Array("\n{\"crc\":\"0123".utf8))
        try Files.replace(segment, with: bytes, durable: false)
        let words = await story.run("verify")
        #expect(words.code == .success)
        let text = words.out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains("byte \(end) of \(segment.name.string)"))
        #expect(text.contains("nothing is lost"))
    }

    private func segment(of story: Story) throws -> FilePath {
        let names = try Files.names(in: story.journal)
        return story.journal.appending(
            try #require(names.first { $0.string.hasSuffix(".jsonl") }))
    }

    private func damage(_ story: Story, at place: Int) throws {
        let segment = try segment(of: story)
        var bytes = try Files.read(segment, limit: 1 << 23)
        bytes[place] ^= 1
        try Files.replace(segment, with: bytes, durable: false)
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
                onlyAccepted: false, headFile: .missing, tornTail: nil,
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
