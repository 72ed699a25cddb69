import Millrace
import MillraceTesting
import Tabular
import Testing

@testable import Monitor

@Suite struct DriftMeasuredTests {
    /// A mill with a model in production that was trained on 2000 rows.
    private func mill(
        settings: JSONValue? = nil, _ change: (inout Pipeline) -> Void = { _ in }
    ) async throws -> MonitorMill {
        var mill = try MonitorMill(settings: settings) { pipeline in
            pipeline.retrain.newRows = 0
            change(&pipeline)
        }
        try await mill.add(try mill.file("a", MonitorMill.table(2000, seed: 1)))
        try await mill.train()
        try await mill.deploy()
        return mill
    }

    @Test func `the same distribution is measured and has not drifted`() async throws {
        var mill = try await mill()
        let version = try await mill.add(try mill.file("b", MonitorMill.table(1500, seed: 2)))
        let measured = try #require(try mill.drifts().first)
        #expect(!measured.drifted)
        #expect(measured.columns.map(\.column).sorted() == ["distance", "late", "origin"])
        #expect(measured.columns.allSatisfy { !$0.drifted && $0.pValue > 0.01 })
        #expect(measured.referenceVersion == 1)
        #expect(measured.referenceRows == 2000)
        #expect(measured.currentRows == 1500)
        #expect(measured.current.map(\.description) == ["data/flights/b.csv"])
        #expect(try mill.requests().count == 1)
        #expect(mill.mill.world.written["reports/drift/delays/\(version.sequence).html"] != nil)
    }

    @Test func `what shifted is named by column, what did not is not`() async throws {
        var mill = try await mill()
        let version = try await mill.add(
            try mill.file(
                "b",
                MonitorMill.table(
                    1500, seed: 2, origins: ["EWR", "EWR", "EWR", "JFK"], late: 0.5)))
        let measured = try #require(try mill.drifts().first)
        #expect(measured.drifted)
        #expect(
            Set(measured.columns.filter(\.drifted).map(\.column)) == ["origin", "late"])
        let origin = try #require(measured.columns.first { $0.column == "origin" })
        #expect(origin.effect > 0.3)
        #expect(origin.threshold == 0.1)
        #expect(!origin.summary.isEmpty)
        // The chain of causes: the version, then both.
        let effects = mill.mill.log.events.filter {
            $0.causation == version.id && $0.type != ReactionHandled.type
        }
        #expect(effects.map(\.type) == [DriftMeasured.type, TrainingRequested.type])
        let request = try #require(try mill.requests().last)
        #expect(request.version == 2)
        #expect(request.reasons.count == 1)
        #expect(request.reasons[0].hasPrefix("drift in "))
        #expect(request.reasons[0].contains("origin"))
        #expect(request.reasons[0].contains("late"))
    }

    @Test func `the report shows the columns with plots of both windows`() async throws {
        var mill = try await mill()
        let version = try await mill.add(
            try mill.file(
                "b", MonitorMill.table(500, seed: 2, origins: ["<b>", "JFK"], distance: 500...2000))
        )
        let page = String(
            decoding: try #require(
                mill.mill.world.written["reports/drift/delays/\(version.sequence).html"]),
            as: UTF8.self)
        #expect(page.ranges(of: "<svg").count == 3)
        for needle in ["origin", "distance", "late", "&lt;b&gt;", "2,000 rows", "500 rows"] {
            #expect(page.contains(needle), "\(needle) is missing")
        }
        #expect(!page.contains("<b>"))
        #expect(!page.contains("NaN"))
        #expect(!page.contains("script"))
        // Only what the pipeline watches.
        #expect(!page.contains("<code>note</code>"))
    }

    @Test func `the report of a quiet measurement can be left out, the event cannot`()
        async throws
    {
        var mill = try await mill(settings: ["reportQuiet": false])
        try await mill.add(try mill.file("b", MonitorMill.table(1500, seed: 2)))
        #expect(try mill.drifts().count == 1)
        #expect(mill.mill.world.written.isEmpty)
        try await mill.add(try mill.file("c", MonitorMill.table(1500, seed: 3, late: 0.9)))
        #expect(mill.mill.world.written.count == 1)
    }

    @Test func `without a model in production nothing is compared`() async throws {
        var mill = try MonitorMill()
        try await mill.add(try mill.file("a", MonitorMill.table(500, seed: 1)))
        try await mill.add(try mill.file("b", MonitorMill.table(500, seed: 2, late: 0.9)))
        try await mill.train()
        try await mill.deploy(to: "staging")
        try await mill.add(try mill.file("c", MonitorMill.table(500, seed: 3, late: 0.9)))
        #expect(try mill.drifts().isEmpty)
        #expect(mill.mill.deadLetters.isEmpty)
    }

    @Test func `what the model was trained on is not compared with itself`() async throws {
        var mill = try await mill()
        let known = try #require(mill.current?.files.listed?.first)
        // The same bytes under another path, as after a move.
        let moved = DatasetFile(
            path: try #require(WorkspacePath(escaped: "data/flights/moved.csv")),
            size: known.size, sha256: known.sha256, rows: known.rows, profile: known.profile)
        try await mill.version([moved], added: [moved.path])
        #expect(try mill.drifts().isEmpty)
        try await mill.version([], added: [])
        #expect(try mill.drifts().isEmpty)
    }

    @Test func `small drops are compared as soon as they suffice together`() async throws {
        var mill = try await mill()
        for (index, name) in ["b", "c", "d"].enumerated() {
            try await mill.add(
                try mill.file(name, MonitorMill.table(60, seed: UInt64(index) + 5, late: 1)))
        }
        let measured = try mill.drifts()
        #expect(measured.map(\.currentRows) == [120, 180])
        #expect(measured.map(\.current.count) == [2, 3])
        #expect(measured.allSatisfy { $0.columns.contains { $0.drifted && $0.column == "late" } })
    }

    @Test func `the columns, the effect and the significance are those of the pipeline`()
        async throws
    {
        var mill = try await mill { pipeline in
            pipeline.drift.columns = ["late"]
            pipeline.drift.effect = 0.5
        }
        try await mill.add(
            try mill.file("b", MonitorMill.table(1500, seed: 2, origins: ["XXX"], late: 0.5)))
        let measured = try #require(try mill.drifts().first)
        #expect(measured.columns.map(\.column) == ["late"])
        #expect(measured.columns.first?.threshold == 0.5)
        #expect(!measured.drifted)
    }

    @Test func `without features all columns are watched`() async throws {
        var mill = try await mill { $0.features = [] }
        try await mill.add(try mill.file("b", MonitorMill.table(500, seed: 2)))
        #expect(try mill.drifts().first?.columns.count == 4)
    }

    @Test func `a column that is gone is drift`() async throws {
        var mill = try await mill()
        let table = MonitorMill.table(500, seed: 2).split(separator: "\n").map { line in
            line.split(separator: ",").dropFirst().joined(separator: ",") + "\n"
        }.joined()
        try await mill.add(try mill.file("b", table))
        let measured = try #require(try mill.drifts().first)
        #expect(measured.columns.filter(\.drifted).map(\.column) == ["origin"])
    }

    @Test func `the reference is what the model now in production was trained on`() async throws {
        var mill = try await mill()
        try await mill.add(try mill.file("b", MonitorMill.table(2000, seed: 2, late: 0.9)))
        try await mill.train(version: 2)
        try await mill.deploy(version: 2)
        try await mill.add(try mill.file("c", MonitorMill.table(2000, seed: 3, late: 0.55)))
        let measured = try mill.drifts()
        #expect(measured.map(\.referenceVersion) == [1, 2])
        #expect(measured.map(\.drifted) == [true, false])
        #expect(measured.map(\.referenceRows) == [2000, 4000])
    }

    /// It goes on from the reference before where that is its beginning, as with "b", and not with "0".
    @Test(arguments: ["b", "0"])
    func `a reference has the bytes of one that is merged from all of its files`(
        _ name: String
    ) async throws {
        var mill = try await mill()
        try await mill.add(try mill.file(name, MonitorMill.table(2000, seed: 2, late: 0.9)))
        let files = try #require(mill.current?.files.listed)
        try await mill.train(version: 2)
        try await mill.deploy(version: 2)
        try await mill.add(try mill.file("c", MonitorMill.table(2000, seed: 3)))
        let store = mill.mill.world.files
        func profile(_ digest: Digest) throws -> Profile {
            try Profile(json: JSONValue(parsing: store.bytes(of: digest, limit: 1 << 24)))
        }
        let parts = try files.map { try profile($0.profile) }
        let whole = try #require(parts.first).merging(try #require(parts.last))
        let measured = try #require(try mill.drifts().last)
        #expect(measured.referenceVersion == 2)
        #expect(measured.reference?.profile == (try store.store(whole.json.bytes)))
    }

    @Test func `a profile that cannot be read is a dead letter, not a crash`() async throws {
        var mill = try await mill()
        var file = try mill.file("b", MonitorMill.table(500, seed: 2))
        file.profile = try mill.mill.world.files.store(Array("{}".utf8))
        try await mill.add(file)
        #expect(mill.mill.deadLetters.count == 1)
        #expect(mill.mill.deadLetters.first?.contains("data/flights/b.csv") == true)
    }

    @Test func `the same journal gives the same events and the same report`() async throws {
        func story() async throws -> TestMill {
            var mill = try await mill()
            try await mill.add(try mill.file("b", MonitorMill.table(700, seed: 2, late: 0.6)))
            return mill.mill
        }
        let (first, second) = (try await story(), try await story())
        #expect(first.world.written == second.world.written)
        #expect(
            first.log.events.filter { $0.type != ReactionHandled.type }.map(\.payload)
                == second.log.events.filter { $0.type != ReactionHandled.type }.map(\.payload))
    }
}
