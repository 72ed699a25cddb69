import Millrace
import MillraceTesting
import Testing

/// Numbers that look like chance, the same in every run.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}

@Suite struct `A dataset's list of files` {
    private func path(_ number: Int) throws -> WorkspacePath {
        try #require(WorkspacePath(escaped: "data/flights/\(number).csv"))
    }

    private func file(_ number: Int, _ content: UInt64) throws -> DatasetFile {
        DatasetFile(
            path: try path(number), size: 100 + number, sha256: Digest(words: (content, 1, 2, 3)),
            rows: number, profile: Digest(words: (4, 5, content, 6)))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `is read back as it was, whatever came and went`(seed: UInt64) throws {
        let store = MemoryWorld().files
        var random = Seeded(state: seed)
        var manifest = DatasetManifest()
        var list: DatasetFiles?
        for step in 0..<300 {
            let before = manifest
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let number = Int.random(in: 0..<60, using: &random)
                if Bool.random(using: &random), Bool.random(using: &random) {
                    manifest.remove(try path(number))
                } else {
                    manifest.put(try file(number, UInt64.random(in: 0..<5, using: &random)))
                }
            }
            let changes = manifest.changes(since: before)
            // As an event of the first layout would have it.
            if step == 20 { list = DatasetFiles(listing: before.sorted) }
            let written = try manifest.write(changes, after: list, to: store)
            list = written
            let read = try DatasetManifest(written, digest: manifest.digest, from: store)
            #expect(read == manifest)
            #expect(written.count == manifest.files.count)
            #expect(written.layers.count <= 9)
            #expect(written.listed == nil)
        }
    }

    @Test func `costs about n log n lines for n versions that add a file each`() throws {
        let store = MemoryWorld().files
        var manifest = DatasetManifest()
        var list: DatasetFiles?
        var lines = 0
        for number in 0..<1000 {
            let before = manifest
            manifest.put(try file(number, UInt64(number)))
            let known = Set(list?.layers.map(\.sha256) ?? [])
            let written = try manifest.write(
                manifest.changes(since: before), after: list, to: store)
            lines += written.layers.filter { !known.contains($0.sha256) }.map(\.lines)
                .reduce(0, +)
            list = written
        }
        #expect(lines < 1000 * 10)
        #expect((list?.layers.count ?? 0) <= 11)
    }

    @Test func `is refused when a part of it is not what it was`() throws {
        let store = MemoryWorld().files
        var manifest = DatasetManifest()
        manifest.put(try file(1, 1))
        let list = try manifest.write(
            manifest.changes(since: DatasetManifest()), after: nil, to: store)
        var other = manifest
        other.put(try file(2, 2))
        #expect(throws: ReactionError.self) {
            try DatasetManifest(list, digest: other.digest, from: store)
        }
        var missing = list
        missing.layers[0].sha256 = Digest(words: (9, 9, 9, 9))
        #expect(throws: (any Error).self) {
            try DatasetManifest(missing, digest: manifest.digest, from: store)
        }
    }

    @Test func `of an event of the first layout is the one in the event`() throws {
        let file = try file(3, 7)
        let json = try JSONValue(encoding: file)
        let payload: JSONValue = [
            "dataset": "flights", "version": 4, "digest": .string(file.sha256.hex), "rows": 3,
            "files": [json], "added": [.string("\(file.path)")],
        ]
        let event = Event(
            sequence: 1, id: EventID(high: 1, low: 1), type: DatasetVersionCreated.type,
            version: 1, subject: .dataset("flights"), time: Timestamp(microseconds: 0),
            actor: .system, causation: nil, correlation: EventID(high: 1, low: 1),
            payload: payload.bytes)
        let version = try event.decode(DatasetVersionCreated.self)
        #expect(version.files.listed == [file])
        #expect(version.rows == 3)
        #expect(version.files.bytes == 103)
        #expect(version.added == [file.path])
        let manifest = try version.manifest(from: MemoryWorld().files)
        #expect(manifest.sorted == [file])
    }
}
