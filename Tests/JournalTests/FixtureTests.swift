import Glibc
import Journal
import LinuxSystem
import Millrace
import StorageKit
import Testing

/// Journals that released versions have written. They must be readable for ever, so the files are
/// never changed; a new format adds a folder.
@Suite struct `A journal of an older version` {
    static let fixtures = FilePath(#filePath).parent.appending("Fixtures")

    @Test func `of format 1 still replays`() throws {
        let reader = JournalReader(directory: Self.fixtures.appending("format-1"))
        let events = try reader.all()
        #expect(events.count == 13)
        #expect(events[0].type == "data.accepted")
        #expect(events[0].payload == Array("{\"number\":1,\"text\":\"r\u{e9}sum\u{e9}\"}".utf8))
        #expect(events[1].subject == .model("delays \"late\"\n"))
        #expect(events[1].actor == .user(1000))
        #expect(events[1].causation == events[0].id)
        #expect(events[2].version == 7)
        #expect(events[11].type == "journal.watermark")
        #expect(events[12].id == EventID(high: 7, low: 90))
        let report = try JournalVerifier.verify(reader.directory)
        #expect(report.isOK)
        #expect(report.segments > 1)
        let head = try #require(
            JournalHead(
                parsing: try String(
                    decoding: Files.read(
                        Self.fixtures.appending("format-1.head"), limit: 200), as: UTF8.self)))
        #expect(report.head == head)
    }
}

/// Verifies with a second program that shares no code with this one.
@Suite struct `The independent verifier` {
    static let python: FilePath? = {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        for folder in path.split(separator: ":") {
            let program = FilePath(String(folder)).appending("python3")
            if access(program.string, X_OK) == 0 { return program }
        }
        print("python3 is not there: the comparison with the independent verifier is skipped")
        return nil
    }()

    private func verify(_ directory: FilePath) throws -> (isOK: Bool, output: String) {
        guard let python = Self.python else { return (true, "") }
        let script = FilePath(#filePath).parent.appending("verify_journal.py")
        let out = directory.appending("python.out")
        let file = try FileDescriptor.open(out, O_RDWR | O_CREAT | O_TRUNC)
        let null = try FileDescriptor.open(FilePath("/dev/null"), O_RDWR)
        let child = try ChildProcess.spawn(
            python, arguments: [script.bytes, directory.bytes], environment: [],
            input: null.raw, output: file.raw, error: file.raw, newSession: false)
        let ending = try child.wait()
        let output = String(decoding: try Files.read(out, limit: 1 << 20), as: UTF8.self)
        #expect(ending == .exited(0) || ending == .exited(1), "\(output)")
        return (ending == .exited(0), output)
    }

    /// Writes what is on a disk in memory to a real one.
    private func materialize(_ storage: MemoryStorage) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in storage.files() {
            try Files.replace(
                folder.path.appending(name.name), with: storage.contents(name) ?? [],
                durable: false)
        }
        return folder
    }

    @Test(.enabled(if: python != nil, "python3 is not there"))
    func `agrees on good journals`() throws {
        let copy = try copyOfFixture()
        let fixture = try verify(copy.path)
        #expect(fixture.isOK, "\(fixture.output)")
        for journal in [
            MemoryJournal(), try .killed([1]), try .killed([3, 1, 2], segmentSize: 2000),
        ] {
            let folder = try materialize(journal.storage)
            let theirs = try verify(folder.path)
            #expect(theirs.isOK, "\(theirs.output)")
            let ours = try JournalVerifier.verify(folder.path)
            #expect(ours.isOK)
            #expect(theirs.output == "\(ours.head)\n")
        }
    }

    @Test(.enabled(if: python != nil, "python3 is not there"))
    func `agrees on archived journals`() throws {
        let folder = try TemporaryFolder()
        let archive = try TemporaryFolder()
        var configuration = smallConfiguration()
        configuration.segmentSize = 2600
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        for number in 1...20 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number)])
        }
        let archived = try JournalArchive.move(
            writer, in: folder.path, before: 12, to: archive.path)
        try writer.close()
        let segment = archive.path.appending(try #require(archived?.segments.last?.name))
        let bytes = try Files.read(segment, limit: 1 << 20)
        func compare() throws -> Bool {
            let theirs = try verify(folder.path)
            let ours = try JournalVerifier.verify(folder.path)
            #expect(theirs.isOK == ours.isOK, "\(ours.damages) \(theirs.output)")
            if ours.isOK { #expect(theirs.output == "\(ours.head)\n") }
            return ours.isOK
        }
        #expect(try compare())
        var damaged = bytes
        damaged[700] ^= 4
        try Files.replace(segment, with: damaged, durable: false)
        #expect(try !compare())
        // One of the archived segments is gone, and then all.
        try Files.unlink(segment)
        #expect(try !compare())
        for name in try Files.names(in: archive.path) {
            try Files.unlink(archive.path.appending(name))
        }
        #expect(try compare())
    }

    private func copyOfFixture() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let source = `A journal of an older version`.fixtures.appending("format-1")
        for name in try Files.names(in: source) {
            try Files.replace(
                folder.path.appending(name),
                with: try Files.read(source.appending(name), limit: 1 << 20), durable: false)
        }
        return folder
    }

    @Test(.enabled(if: python != nil, "python3 is not there"))
    func `agrees on damaged journals`() throws {
        let whole = try MemoryJournal.killed([1, 3, 1, 1], segmentSize: 2400)
        let layout = try whole.layout()
        #expect(layout.count > 1)
        var random = Seeded(3)
        for round in 0..<30 {
            let storage = whole.storage.copy()
            let (path, records) = layout[round % layout.count]
            let end = records.last?.range.upperBound ?? 1
            var bytes = storage.contents(path) ?? []
            let place = Int.random(in: 0..<end, using: &random)
            switch round % 5 {
            case 0: bytes[place] ^= 1 << UInt8(round % 8)
            case 1: bytes.removeSubrange(records[0].range)
            case 2: bytes.removeSubrange(place...)
            case 3: bytes.insert(contentsOf: bytes[records[0].range], at: 0)
            default: bytes.replaceSubrange(place..<end, with: repeatElement(0, count: end - place))
            }
            storage.replace(path, with: bytes)
            let folder = try materialize(storage)
            let theirs = try verify(folder.path)
            let ours = try JournalVerifier.verify(folder.path)
            #expect(!ours.isOK, "round \(round)")
            #expect(!theirs.isOK, "round \(round)")
            #expect(
                places(theirs.output) == places(ours),
                "round \(round): \(ours.damages) \(theirs.output)")
        }
    }

    /// All of them: where they are, without the words for what is wrong there.
    private func places(_ output: String) -> [String] {
        output.split(separator: "\n").filter { $0.hasPrefix("damage: ") }.map { line in
            line.split(separator: ":").dropLast(max(0, line.split(separator: ":").count - 2))
                .joined(separator: ":")
        }.sorted()
    }

    private func places(_ report: VerificationReport) -> [String] {
        report.damages.map {
            "damage: record \($0.sequence), segment \($0.segment), byte \($0.offset)"
        }.sorted()
    }

    @Test(.enabled(if: python != nil, "python3 is not there"))
    func `agrees on several places, accepted or not`() throws {
        let journal = try MemoryJournal.killed([Int](repeating: 1, count: 20), segmentSize: 4000)
        for (path, records) in try journal.layout() {
            // Two places in each segment, the second at its end.
            for record in [records[1], records[records.count - 1]] {
                journal.storage.flip(path, bit: 8 * (record.range.lowerBound + 390))
            }
        }
        let before = try materialize(journal.storage)
        let report = try JournalVerifier.verify(before.path)
        let theirs = try verify(before.path)
        #expect(report.damages.count > 4)
        #expect(places(theirs.output) == places(report), "\(theirs.output)")
        var accepting = journal
        accepting.configuration.acceptDamage = true
        let writer = try accepting.open()
        _ = try writer.appendBlocking([draft(99)])
        try writer.close()
        let after = try materialize(journal.storage)
        let afterwards = try verify(after.path)
        let ours = try JournalVerifier.verify(after.path)
        #expect(places(afterwards.output) == places(ours), "\(afterwards.output)")
        #expect(ours.damages.allSatisfy { $0.flaw != .missingSegment })
    }

    @Test(.enabled(if: python != nil, "python3 is not there"))
    func `agrees on what the head is worth`() throws {
        let journal = try MemoryJournal.killed([1, 1, 1])
        let head = FilePath("head")
        let folder = try materialize(journal.storage)
        let bytes = try Files.read(folder.path.appending(head), limit: 2000)
        func compare() throws -> Bool {
            let theirs = try verify(folder.path)
            let ours = try JournalVerifier.verify(folder.path)
            #expect(theirs.isOK == ours.isOK, "\(ours.headEvidence) \(theirs.output)")
            #expect(theirs.output.contains("head: ") == (ours.headEvidence != .whole))
            return ours.isOK
        }
        #expect(try compare())
        for (place, isOK) in [(8, true), (49, false), (70, true), (512 + 49, false), (1000, true)] {
            var damaged = bytes
            damaged[place] ^= 1
            try Files.replace(folder.path.appending(head), with: damaged, durable: false)
            #expect(try compare() == isOK, "\(place)")
        }
        try Files.replace(
            folder.path.appending(head), with: [UInt8](repeating: 0, count: 1024), durable: false)
        #expect(try !compare())
        try Files.unlink(folder.path.appending(head))
        #expect(try !compare())
    }
}

@Suite struct `Writing the fixture` {
    /// Run by hand once for a new format, with `MILLRACE_WRITE_FIXTURE` naming an empty folder.
    @Test(.enabled(if: getenv("MILLRACE_WRITE_FIXTURE") != nil, "written once for each format"))
    func `of the format that this version writes`() throws {
        let target = FilePath(getenv("MILLRACE_WRITE_FIXTURE").map { String(cString: $0) } ?? "")
        let folder = try TemporaryFolder()
        var configuration = smallConfiguration()
        configuration.segmentSize = 4000
        configuration.reserve = 1024
        let writer = try JournalWriter(directory: folder.path, configuration: configuration)
        var second = draft(2, subject: .model("delays \"late\"\n"))
        second.actor = .user(1000)
        var third = draft(3, subject: .workspace)
        third.version = 7
        _ = try writer.appendBlocking([draft(1), second, third])
        for number in 4...11 as ClosedRange<UInt64> {
            _ = try writer.appendBlocking([draft(number)])
        }
        try writer.close()
        let again = try JournalWriter(directory: folder.path, configuration: configuration)
        _ = try again.appendBlocking([draft(90)])
        // As a kill leaves it: the last record is not a watermark.
        try Files.replace(
            target.parent.appending("\(target.name.string).head"),
            with: Array(again.head.description.utf8))
        for name in try Files.names(in: folder.path) where name != FilePath("lock") {
            try Files.replace(
                target.appending(name),
                with: try Files.read(folder.path.appending(name), limit: 1 << 20))
        }
        try again.close()
    }
}
