import Millrace
import MillraceTesting
import Testing

@testable import Validator

@Suite struct DatasetChangeTests {
    @Test func `a removed file is taken out of the next version`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/b.csv", Sample.table(50, from: 50))
        try await mill.remove("data/flights/a.csv", Sample.table(50))
        let versions = try mill.emitted(DatasetVersionCreated.self)
        #expect(versions.map(\.rows) == [50, 100, 50])
        #expect(versions.last?.added == [])
        try await mill.remove("data/flights/b.csv", Sample.table(50, from: 50))
        #expect(try mill.versions().last == [])
    }

    @Test func `removing what was never taken in changes nothing`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/bad.csv", "x")
        try await mill.remove("data/flights/bad.csv", "x")
        try await mill.remove("data/flights/unknown.csv", "y")
        #expect(try mill.emitted(DatasetVersionCreated.self).count == 1)
    }

    @Test func `a moved file changes its path without a second look`() async throws {
        let mill = try TestMill.validator()
        let table = Sample.table(50)
        try await mill.drop("data/flights/a.csv", table)
        try await mill.move(table, from: "data/flights/a.csv", to: "data/flights/2013/a.csv")
        #expect(
            try mill.versions() == [["data/flights/a.csv"], ["data/flights/2013/a.csv"]])
        #expect(try mill.emitted(DataAccepted.self).count == 1)
        #expect(try mill.emitted(DatasetVersionCreated.self).map(\.rows) == [50, 50])
    }

    @Test func `a file that is moved to a name that is no table's leaves the dataset`()
        async throws
    {
        let mill = try TestMill.validator()
        let table = Sample.table(50)
        try await mill.drop("data/flights/a.csv", table)
        try await mill.move(table, from: "data/flights/a.csv", to: "data/flights/a.csv.old")
        #expect(try mill.versions().last == [])
        #expect(try mill.emitted(DataRejected.self).count == 1)
    }

    @Test func `a file that is touched is not looked at, unless it had been rejected`() async throws
    {
        let mill = try TestMill.validator()
        let table = Array(Sample.table(50).utf8)
        try await mill.drop("data/flights/a.csv", table)
        try await mill.drop("data/flights/a.csv", table, change: .touched)
        #expect(try mill.emitted(DataAccepted.self).count == 1)
        #expect(try mill.emitted(DatasetVersionCreated.self).count == 1)
        try await mill.drop("data/flights/bad.csv", Array("x".utf8))
        try await mill.drop("data/flights/bad.csv", Array("x".utf8), change: .touched)
        #expect(try mill.emitted(DataRejected.self).count == 2)
    }

    @Test func `a file that comes from another dataset is looked at`() async throws {
        let mill = try TestMill.validator()
        let table = Sample.table(50)
        try await mill.drop("data/flights/a.csv", table)
        try await mill.move(table, from: "data/flights/a.csv", to: "data/other/a.csv")
        #expect(try mill.versions(of: "other") == [["data/other/a.csv"]])
        #expect(try mill.emitted(DataAccepted.self).count == 2)
    }

    @Test func `the same bytes under another name are rejected as a duplicate`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/copy.csv", Sample.table(50))
        let rejected = try #require(try mill.emitted(DataRejected.self).first)
        #expect(rejected.violations.map(\.rule) == ["duplicate"])
        #expect(rejected.summary.contains("data/flights/a.csv"))
        #expect(try mill.versions().count == 1)
    }

    @Test func `duplicates are taken where the settings allow them`() async throws {
        let mill = try TestMill.validator(["acceptDuplicates": true])
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/copy.csv", Sample.table(50))
        #expect(try mill.emitted(DatasetVersionCreated.self).map(\.rows) == [50, 100])
    }

    @Test func `a copy takes the place of the file that it is a copy of`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/copy.csv", Sample.table(50))
        try await mill.drop("data/flights/second.csv", Sample.table(50))
        // Renamed by copying and deleting, as some file systems and tools do.
        try await mill.remove("data/flights/a.csv", Sample.table(50))
        #expect(try mill.versions() == [["data/flights/a.csv"], ["data/flights/copy.csv"]])
        #expect(try mill.emitted(DatasetVersionCreated.self).map(\.rows) == [50, 50])
        // The next one in line, when that goes too; then nothing is left.
        try await mill.remove("data/flights/copy.csv", Sample.table(50))
        try await mill.remove("data/flights/second.csv", Sample.table(50))
        #expect(try mill.versions().suffix(2) == [["data/flights/second.csv"], []])
    }

    @Test func `a copy that was changed or removed takes no place`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/changed.csv", Sample.table(50))
        try await mill.drop("data/flights/removed.csv", Sample.table(50))
        try await mill.drop(
            "data/flights/changed.csv", Array(Sample.table(30).utf8), change: .changed)
        try await mill.remove("data/flights/removed.csv", Sample.table(50))
        try await mill.remove("data/flights/a.csv", Sample.table(50))
        #expect(try mill.versions().last == ["data/flights/changed.csv"])
        #expect(try mill.emitted(DatasetVersionCreated.self).last?.rows == 30)
    }

    @Test func `a copy also takes the place when the file it is a copy of gets other rows`()
        async throws
    {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/copy.csv", Sample.table(50))
        try await mill.drop("data/flights/a.csv", Array(Sample.table(20).utf8), change: .changed)
        #expect(
            try mill.versions().last == ["data/flights/a.csv", "data/flights/copy.csv"])
        #expect(try mill.emitted(DatasetVersionCreated.self).last?.rows == 70)
    }

    @Test func `the same journal gives the same events and the same files`() async throws {
        func story() async throws -> (TestMill, [EventID]) {
            let mill = try TestMill.validator()
            try await mill.drop("data/flights/a.csv", Sample.table(50))
            try await mill.drop("data/flights/bad.csv", Sample.table(2) + "x,y\n")
            return (mill, mill.log.events.map(\.id))
        }
        let (first, ids) = try await story()
        let (second, sameIDs) = try await story()
        #expect(ids == sameIDs)
        #expect(first.world.written == second.world.written)
        #expect(
            first.log.events.filter { $0.type != ReactionHandled.type }
                == second.log.events.filter { $0.type != ReactionHandled.type })
    }

    @Test func `a reaction that a crash cut off is done again with the same outcome`() async throws
    {
        let first = try TestMill.validator()
        try await first.drop("data/flights/a.csv", Sample.table(50))
        try await first.drop("data/flights/bad.csv", Sample.table(2) + "x,y\n")
        // A journal that ends with each drop, as a crash in the middle of its handling leaves it.
        for cut in first.log.events.indices where first.log.events[cut].type == FileArrived.type {
            let past = Array(first.log.events.prefix(cut + 1))
            let again = try TestMill(
                [ValidatorPlugin.self], past: past, world: first.world)
            try await again.drop("data/other/README", "wake up")
            let before = first.log.events.filter {
                $0.causation == past.last?.id && $0.type != ReactionHandled.type
            }
            let after = again.log.events.filter {
                $0.causation == past.last?.id && $0.type != ReactionHandled.type
            }
            #expect(!after.isEmpty)
            #expect(before.map(\.id) == after.map(\.id))
            #expect(before.map(\.payload) == after.map(\.payload))
        }
    }
}
