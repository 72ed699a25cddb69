import Millrace
import MillraceTesting
import Testing

@testable import Validator

@Suite struct GoodDropTests {
    @Test func `the first drop proposes a contract and becomes version 1`() async throws {
        let mill = try TestMill.validator()
        let drop = try await mill.drop("data/flights/a.csv", Sample.table(300))
        #expect(
            mill.story == [
                FileArrived.type, ContractProposed.type, DataAccepted.type,
                DatasetVersionCreated.type,
            ])
        let proposed = try #require(try mill.emitted(ContractProposed.self).first)
        #expect(proposed.path.description == "contracts/flights.proposed.json")
        #expect(proposed.columns == 3)
        #expect(try mill.text("contracts/flights.proposed.json").contains("\"origin\""))
        let accepted = try #require(try mill.emitted(DataAccepted.self).first)
        #expect(accepted.contract == proposed.contract)
        #expect(accepted.file.rows == 300)
        #expect(mill.world.files.contains(accepted.file.profile))
        let version = try #require(try mill.emitted(DatasetVersionCreated.self).first)
        #expect(version.version == 1)
        #expect(version.rows == 300)
        #expect(version.added.map(\.description) == ["data/flights/a.csv"])
        #expect(version.files.count == 1)
        #expect(try version.manifest(from: mill.world.files).sorted == [accepted.file])
        let caused = mill.log.events.filter { $0.causation == drop.id }
        #expect(caused.contains { $0.type == DatasetVersionCreated.type })
    }

    @Test func `each good drop is a new version with its files in the order of their paths`()
        async throws
    {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/b.csv", Sample.table(50))
        try await mill.drop("data/flights/a.csv", Sample.table(60, from: 100))
        let versions = try mill.emitted(DatasetVersionCreated.self)
        #expect(versions.map(\.version) == [1, 2])
        #expect(versions.map(\.rows) == [50, 110])
        #expect(
            try mill.versions() == [
                ["data/flights/b.csv"], ["data/flights/a.csv", "data/flights/b.csv"],
            ])
        #expect(versions[1].added.map(\.description) == ["data/flights/a.csv"])
        #expect(try mill.emitted(ContractProposed.self).count == 1)
    }

    @Test func `the digest of a version is that of its manifest`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(5))
        let version = try #require(try mill.emitted(DatasetVersionCreated.self).first)
        let file = try #require(version.manifest(from: mill.world.files).sorted.first)
        let text =
            "{\"path\":\"data/flights/a.csv\",\"size\":\(file.size),"
            + "\"sha256\":\"\(file.sha256)\"}\n"
        #expect(try mill.world.files.store(Array(text.utf8)) == version.digest)
    }

    @Test func `the same path with other rows is replaced in the next version`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop(
            "data/flights/a.csv", Array(Sample.table(80).utf8), change: .changed)
        let versions = try mill.emitted(DatasetVersionCreated.self)
        #expect(versions.map(\.rows) == [50, 80])
        #expect(versions[1].files.count == 1)
        #expect(versions[1].added.count == 1)
    }

    @Test func `a good file that comes again unchanged makes no new version`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop(
            "data/flights/a.csv", Array(Sample.table(50).utf8), change: .changed)
        #expect(try mill.emitted(DataAccepted.self).count == 2)
        #expect(try mill.emitted(DatasetVersionCreated.self).count == 1)
    }

    @Test func `JSON Lines are taken, whatever their name says`() async throws {
        let mill = try TestMill.validator()
        let lines = (0..<40).map { "{\"x\": \($0), \"y\": \"text \($0 % 3)\"}\n" }.joined()
        try await mill.drop("data/a/one.jsonl", lines)
        try await mill.drop("data/b/one.txt", lines)
        #expect(try mill.emitted(DataAccepted.self).map(\.file.rows) == [40, 40])
        #expect(try mill.emitted(ContractProposed.self).map(\.columns) == [2, 2])
    }

    @Test func `a table with another ending than its format has is taken for what it is`()
        async throws
    {
        let mill = try TestMill.validator()
        try await mill.drop("data/a/one.jsonl", Sample.table(20))
        try await mill.drop("data/b/one.tsv", "x\ty\n1\t2\n3\t4\n")
        #expect(try mill.emitted(DataAccepted.self).map(\.file.rows) == [20, 2])
        #expect(try mill.emitted(ContractProposed.self).map(\.columns) == [3, 2])
    }

    @Test func `missing values are spelled as the dataset's settings say`() async throws {
        var settings = WorkspaceSettings()
        settings.datasets["flights"] = DatasetSettings()
        settings.datasets["flights"]?.nulls = ["?"]
        let mill = try TestMill([ValidatorPlugin.self], settings: settings)
        try await mill.drop("data/flights/a.csv", "x,y\n1,2\n?,3\n4,?\n")
        #expect(try mill.text("contracts/flights.proposed.json").contains("\"integer\""))
        #expect(!(try mill.text("contracts/flights.proposed.json").contains("\"string\"")))
    }

    @Test(arguments: [(0, 1), (-1, 1), (1001, 1), (1, 0), (1000, 0)])
    func `impossible settings are told`(rows: Int, count: Int) {
        var settings = ValidatorSettings()
        settings.reportedRows = rows
        var issues = SettingsIssues()
        settings.validate(into: &issues)
        #expect(issues.list.map(\.path) == Array(repeating: ["reportedRows"], count: count))
    }

    @Test func `two datasets have contracts and versions of their own`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/weather/a.csv", "temperature;wind\n1,5;2\n3,5;4\n")
        try await mill.drop("data/flights/b.csv", Sample.table(50, from: 50))
        #expect(try mill.versions(of: "flights").count == 2)
        #expect(try mill.versions(of: "weather") == [["data/weather/a.csv"]])
        #expect(
            try mill.emitted(ContractProposed.self).map(\.path.description) == [
                "contracts/flights.proposed.json", "contracts/weather.proposed.json",
            ])
    }

    @Test func `notes for people are no data`() async throws {
        let mill = try TestMill.validator()
        for name in ["README", "README.md", "readme.txt", "_SUCCESS"] {
            try await mill.drop("data/flights/\(name)", "About these files\n")
        }
        #expect(mill.story.allSatisfy { $0 == FileArrived.type })
    }

    @Test func `odd names are taken as they are`() async throws {
        let mill = try TestMill.validator()
        // A newline, a byte that is not UTF-8, and a percent sign.
        try await mill.drop("data/flights/a%0Ab%FF%25.csv", Sample.table(5))
        #expect(try mill.versions() == [["data/flights/a%0Ab%FF%25.csv"]])
    }
}
