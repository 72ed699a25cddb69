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
            let first = try #require(ours.damages.first?.sequence)
            #expect(
                theirs.output.contains("damage: record \(first),"),
                "round \(round): \(ours.damages) \(theirs.output)")
        }
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
