import Millrace
import MillraceTesting
import Testing

@testable import Validator

@Suite struct BadDropTests {
    /// A mill whose dataset has one good file.
    private func mill() async throws -> TestMill {
        let mill = try TestMill.validator()
        try await mill.drop("contracts/flights.json", Sample.contract)
        try await mill.drop("data/flights/good.csv", Sample.table(50))
        return mill
    }

    private func rejection(
        of bytes: [UInt8], named name: String = "bad.csv", in mill: TestMill? = nil
    ) async throws -> DataRejected {
        let mill = if let mill { mill } else { try await self.mill() }
        try await mill.drop("data/flights/\(name)", bytes)
        #expect(mill.deadLetters.isEmpty)
        #expect(try mill.emitted(DatasetVersionCreated.self).count == 1)
        let rejected = try mill.emitted(DataRejected.self)
        #expect(rejected.count == 1)
        return try #require(rejected.first)
    }

    @Test func `a bad drop is quarantined with a report that names column, rule and rows`()
        async throws
    {
        let mill = try await mill()
        let bad = Sample.table(5) + "2013-01-02,JFK,soon\n2013-01-03,<LGA>,99999\n"
        let drop = try await mill.drop("data/flights/bad.csv", bad)
        #expect(
            mill.story.suffix(2) == [FileArrived.type, DataRejected.type])
        let rejected = try #require(try mill.emitted(DataRejected.self).first)
        let folder = "quarantine/flights/\(drop.sequence)-bad.csv"
        #expect(rejected.quarantine.description == folder)
        #expect(
            rejected.violations.map { "\($0.rule) \($0.column) \($0.rows)" }.sorted() == [
                "maximum delay [7]", "type delay [6]",
            ])
        #expect(rejected.violations.first { $0.rule == "type" }?.example == "soon")
        #expect(rejected.summary.contains("delay"))
        #expect(try mill.text("\(folder)/bad.csv") == bad)
        let report = try JSONValue(parsing: Array(try mill.text("\(folder)/report.json").utf8))
        #expect(report["path"]?.stringValue == "data/flights/bad.csv")
        let places = report["report"]?["violations"]?[0]?["occurrences"]?[0]
        #expect(places?["line"]?.integerValue == 7)
        let page = try mill.text("\(folder)/report.html")
        for needle in ["delay", "soon", "99999", "maximum", "<td class=\"number\">8</td>"] {
            #expect(page.contains(needle), "\(needle) is missing in the report")
        }
        #expect(try mill.emitted(DatasetVersionCreated.self).count == 1)
    }

    @Test func `what a drop holds is escaped in the report`() async throws {
        let mill = try await mill()
        let drop = try await mill.drop(
            "data/flights/<b>.csv", Sample.table(1) + "2013-01-02,JFK,<script>\n")
        let name = "\(drop.sequence)-_b_.csv"
        let page = try mill.text("quarantine/flights/\(name)/report.html")
        #expect(!page.contains("<script>"))
        #expect(!page.contains("<b>"))
        #expect(page.contains("&lt;script&gt;"))
    }

    @Test func `a truncated file is rejected and says so`() async throws {
        let whole = Sample.table(40)
        let rejected = try await rejection(of: Array(whole.utf8.dropLast(9)))
        #expect(rejected.violations.map(\.rule) == ["truncatedRow"])
        #expect(rejected.violations.first?.rows == [40])
        #expect(rejected.summary.contains("cut off"))
    }

    @Test func `a file of zero bytes is rejected`() async throws {
        let rejected = try await rejection(of: [])
        #expect(rejected.summary.contains("empty"))
    }

    @Test func `a header without rows is rejected`() async throws {
        let rejected = try await rejection(of: Array("day,origin,delay\n".utf8))
        #expect(rejected.summary.contains("no rows"))
        #expect(rejected.violations.map(\.rule) == ["noRows"])
    }

    @Test func `binary noise is rejected`() async throws {
        var state: UInt64 = 1
        let noise = (0..<4096).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let rejected = try await rejection(of: noise)
        #expect(!rejected.violations.isEmpty)
    }

    @Test(arguments: [
        [UInt8](), Array("a,b\n".utf8), [0, 1, 2, 3, 0xFF, 0xFE, 10, 0, 0, 0, 0, 0],
        Array("a,b\n1,2\n3\n".utf8),
    ])
    func `what no contract can be made from is rejected without one`(_ bytes: [UInt8]) async throws
    {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/first.csv", bytes)
        #expect(mill.deadLetters.isEmpty)
        #expect(mill.story == [FileArrived.type, DataRejected.type])
        let rejected = try #require(try mill.emitted(DataRejected.self).first)
        #expect(rejected.contract == nil)
        #expect(!rejected.summary.isEmpty)
        // The next one, which is good, is the first.
        try await mill.drop("data/flights/second.csv", Sample.table(5))
        #expect(try mill.emitted(ContractProposed.self).count == 1)
        #expect(try mill.versions() == [["data/flights/second.csv"]])
    }

    @Test(arguments: [
        ("a.parquet", "export"), ("a.csv.gz", "unpack"), ("a.json", ".jsonl"), ("data", "ending"),
        ("report.json", ".jsonl"), ("x.exe", ".exe"),
    ])
    func `a name that is no table's is rejected with advice`(
        _ name: String, _ advice: String
    )
        async throws
    {
        let mill = try await mill()
        let rejected = try await rejection(of: [1, 2, 3], named: name, in: mill)
        #expect(rejected.summary.contains(advice))
        #expect(rejected.violations.map(\.rule) == ["fileType"])
        // The file beside the report, also when it has the report's name.
        let files = mill.world.written.filter {
            $0.key.hasPrefix("\(rejected.quarantine)/")
        }
        #expect(files.count == 3)
        #expect(files.values.contains([1, 2, 3]))
    }

    @Test func `a bad file in the place of a good one leaves the good one in the dataset`()
        async throws
    {
        let mill = try await mill()
        try await mill.drop(
            "data/flights/good.csv", Array((Sample.table(3) + "x\n").utf8), change: .changed)
        #expect(try mill.emitted(DataRejected.self).count == 1)
        #expect(try mill.emitted(DatasetVersionCreated.self).count == 1)
        // And it can be put right.
        try await mill.drop(
            "data/flights/good.csv", Array(Sample.table(70).utf8), change: .changed)
        #expect(try mill.emitted(DatasetVersionCreated.self).map(\.rows) == [50, 70])
    }

    @Test func `a name with bytes of all kinds gets a plain folder`() async throws {
        let mill = try await mill()
        let drop = try await mill.drop("data/flights/x%0Ay%FF%22.csv", "no\n\"table")
        let rejected = try #require(try mill.emitted(DataRejected.self).first)
        #expect(
            rejected.quarantine.description == "quarantine/flights/\(drop.sequence)-x_y__.csv")
        #expect(rejected.path.description == "data/flights/x%0Ay%FF\".csv")
    }

    @Test func `a long list of violations is cut in the event, and counted`() async throws {
        let rows = (0..<200).map { "2013-01-01,JFK,bad\($0)\n" }.joined()
        let rejected = try await rejection(of: Array(("day,origin,delay\n" + rows).utf8))
        let type = try #require(rejected.violations.first { $0.rule == "type" })
        #expect(type.count == 200)
        #expect(type.rows == Array(1...20))
        #expect(rejected.summary.contains("200 rows"))
    }
}
