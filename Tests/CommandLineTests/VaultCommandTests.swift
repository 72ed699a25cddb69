import Console
import Glibc
import Journal
import LinuxSystem
import Millrace
import Testing

@testable import CommandLineInterface

/// What may leave the vault, and what is said about what has left.
@Suite struct VaultCommandTests {
    private static let settings = "{ retention: { vault: { keep: \"10m\" } } }"

    /// Three versions of a dataset and of a model, of which the last two are live and the one before,
    /// files that went, and rejected ones.
    private static func story(_ settings: String = settings) throws -> Story {
        let story = try Story(settings)
        for number in 1...3 as ClosedRange<UInt64> {
            let version = Int(number)
            let file = try Parts.file("data/flights/a.csv", number)
            try story.tell(try Parts.arrival("data/flights/a.csv", number))
            try story.tell(
                DataAccepted(
                    dataset: "flights", file: file, contract: Parts.digest(40), warnings: []))
            try story.tell(
                DatasetVersionCreated(
                    dataset: "flights", version: version, digest: Parts.digest(60 + number),
                    listing: [file], added: [file.path]))
            var inputs = Parts.inputs(version: version, [file])
            inputs.datasetDigest = Parts.digest(60 + number)
            try story.tell(
                RunStarted(pipeline: "delays", run: version, inputs: inputs, reasons: []))
            let artifact = Parts.digest(20 + number)
            try story.tell(
                ModelVersionCreated(
                    model: "delays", version: version, run: version, artifact: artifact,
                    examples: Parts.digest(30 + number), inputs: inputs, metrics: [:]))
            try story.tell(
                DeploymentCompleted(
                    model: "delays", version: version, artifact: artifact, stage: "production",
                    previous: nil, isRollback: false))
        }
        try story.tell(try Parts.arrival("data/flights/gone.csv", 4))
        try story.tell(
            FileRemoved(
                path: try Parts.path("data/flights/gone.csv"), sha256: Parts.digest(4),
                area: Area(of: try Parts.path("data/flights/gone.csv"))))
        for number in [5, 6] as [UInt64] {
            try story.tell(
                DataRejected(
                    dataset: "flights", path: try Parts.path("data/flights/bad.csv"),
                    sha256: Parts.digest(number), summary: "", violations: [], contract: nil,
                    quarantine: try Parts.path("quarantine/flights/\(number)")))
        }
        try Files.makeDirectories(story.root.appending("quarantine/flights/5"))
        for number in [1, 2, 3, 4, 5, 6, 9, 21, 22, 23, 31, 32, 33, 40, 51, 52, 53] as [UInt64] {
            try store(Parts.digest(number), story)
        }
        return story
    }

    private static func path(_ digest: Digest, _ story: Story) -> FilePath {
        story.root.appending(".millrace/vault/objects").appending(String(digest.hex.prefix(2)))
            .appending(String(digest.hex.dropFirst(2)))
    }

    /// Puts something where the bytes would be, stored long ago.
    private static func store(_ digest: Digest, _ story: Story) throws {
        let file = path(digest, story)
        try Files.makeDirectories(file.parent)
        try Files.replace(file, with: [1, 2, 3], durable: false)
        let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        _ = try file.withCString { name in
            try systemCall("utimensat") { utimensat(AT_FDCWD, name, times, 0) }
        }
    }

    private static func plan(_ story: Story) async throws -> Set<Digest> {
        let result = await story.run("vault", "collect", "--dry-run", "--json")
        #expect(result.code == .success, "\(result.all)")
        let plan = try result.decode(VaultCommand.Plan.self)
        #expect(plan.bytes == 3 * plan.objects.count)
        return Set(plan.objects.map(\.sha256))
    }

    private static func digests(_ numbers: UInt64...) -> Set<Digest> {
        Set(numbers.map { Parts.digest($0) })
    }

    @Test func `what was in force, could be gone back to or lies in quarantine stays`() async throws
    {
        let story = try Self.story()
        // Of the first version: its file, the profile, the model and the examples.
        #expect(try await Self.plan(story) == Self.digests(1, 51, 21, 31, 4, 6))
        let page = await story.run("vault", "collect", "--dry-run")
        #expect(
            page.out.contains("6 objects") && page.out.contains("the file data/flights/gone.csv"))
        // What was stored lately is about to be named.
        try Files.replace(Self.path(Parts.digest(4), story), with: [1, 2, 3])
        #expect(try await Self.plan(story) == Self.digests(1, 51, 21, 31, 6))
    }

    @Test func `a rollback makes a version needed again, and so does a pending event`() async throws
    {
        let back = try Self.story()
        try back.tell(
            DeploymentCompleted(
                model: "delays", version: 1, artifact: Parts.digest(21), stage: "production",
                previous: 3, isRollback: true))
        // Version 2 is neither live nor the one before nor the latest any more.
        #expect(try await Self.plan(back) == Self.digests(2, 52, 22, 32, 4, 6))

        let waiting = try Story(Self.settings)
        try waiting.tell(try Parts.arrival("data/flights/a.csv", 1))
        try waiting.tell(PluginRegistered(plugin: "notifier", from: 0))
        try waiting.tell(
            DataRejected(
                dataset: "flights", path: try Parts.path("data/flights/a.csv"),
                sha256: Parts.digest(1), summary: "", violations: [], contract: nil,
                quarantine: try Parts.path("quarantine/flights/1")))
        try waiting.tell(
            FileRemoved(
                path: try Parts.path("data/flights/a.csv"), sha256: Parts.digest(1),
                area: Area(of: try Parts.path("data/flights/a.csv"))))
        try Self.store(Parts.digest(1), waiting)
        #expect(try await Self.plan(waiting).isEmpty)
        try waiting.tell(
            ReactionHandled(
                plugin: "notifier", handled: [3], observed: 4, attempts: 1, milliseconds: 1))
        #expect(try await Self.plan(waiting) == Self.digests(1))
    }

    /// An event of a plugin of somebody's own.
    private struct NoteTaken: EventPayload {
        static let type = "note.taken"
        var digests: [Digest]
        var subject: Subject { .workspace }
    }

    @Test func `what an event of any plugin names since then stays`() async throws {
        let story = try Self.story("{ retention: { vault: { keep: \"3565s\" } } }")
        for _ in 1...30 { try story.tell(DaemonStopped(reason: "")) }
        #expect(try await Self.plan(story) == Self.digests(1, 51, 21, 31, 4, 6))
        try story.tell(NoteTaken(digests: [Parts.digest(4), Parts.digest(21)]))
        #expect(try await Self.plan(story) == Self.digests(1, 51, 31, 6))
    }

    @Test func `without a time nothing goes, and damage keeps everything`() async throws {
        let story = try Self.story("{}")
        let result = await story.run("vault", "collect", "--dry-run")
        #expect(result.code == .negative && result.err.contains("retention"))
        let damaged = try Self.story()
        try damaged.writer.close()
        let segment = damaged.journal.appending("00000000000000000001.jsonl")
        var bytes = try Files.read(segment, limit: 1 << 20)
        bytes[600] ^= 1
        try Files.replace(segment, with: bytes)
        #expect(await damaged.run("vault", "collect", "--dry-run").code == .damage)
    }

    @Test func `what was removed is not missing, and what an event alone announced goes later`()
        async throws
    {
        let story = try Self.story()
        let missing = try await story.run("verify", "--json").decode(Verification.self).vault
        #expect(missing.missing.isEmpty)
        let objects = [1, 51, 21, 31, 4, 6].map {
            VaultCollected.Object(sha256: Parts.digest($0), bytes: 3, what: "it", named: 1)
        }
        try story.tell(
            VaultCollected(objects: objects, keep: .seconds(600), unneededSince: Story.now))
        // As after a crash right behind the event: the next time it is done.
        #expect(try await Self.plan(story) == Self.digests(1, 51, 21, 31, 4, 6))
        for object in objects { try Files.unlink(Self.path(object.sha256, story)) }
        #expect(try await Self.plan(story).isEmpty)
        let after = try await story.run("verify", "--json").decode(Verification.self).vault
        #expect(after.missing.isEmpty && after.named < missing.named)
        // Dropped again and not there: that is a loss.
        try story.tell(try Parts.arrival("data/flights/new.csv", 4))
        let lost = try await story.run("verify", "--json").decode(Verification.self).vault
        #expect(lost.missing.map(\.digest) == [Parts.digest(4)])
    }
}
