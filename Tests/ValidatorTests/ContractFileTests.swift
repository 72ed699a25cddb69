import Millrace
import MillraceTesting
import Testing

@testable import Validator

@Suite struct ContractFileTests {
    @Test func `a person's contract is in force for the drops that come`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("contracts/flights.json", Sample.contract)
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        try await mill.drop("data/flights/b.csv", Sample.table(2) + "2013-01-01,JFK,5000\n")
        let contract = try #require(try mill.emitted(ContractAccepted.self).first)
        #expect(contract.dataset == "flights")
        #expect(contract.columns == 3)
        #expect(try mill.emitted(ContractProposed.self).isEmpty)
        #expect(try mill.emitted(DataAccepted.self).map(\.contract) == [contract.contract])
        #expect(try mill.emitted(DataRejected.self).map(\.contract) == [contract.contract])
    }

    @Test func `a person's contract takes the place of the proposal`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(300))
        try await mill.drop(
            "contracts/flights.json",
            Sample.contract.replacing("\"maximum\": 2000", with: "\"maximum\": 10"))
        try await mill.drop("data/flights/b.csv", Sample.table(310))
        #expect(try mill.emitted(DataAccepted.self).count == 1)
        let rejected = try #require(try mill.emitted(DataRejected.self).first)
        #expect(rejected.violations.map { "\($0.rule) \($0.column)" } == ["maximum delay"])
    }

    @Test func `the proposal can be put into force by renaming it`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("data/flights/a.csv", Sample.table(300))
        let proposal = try mill.text("contracts/flights.proposed.json")
        try await mill.drop("contracts/flights.json", proposal)
        #expect(try mill.emitted(ContractRefused.self).isEmpty)
        let accepted = try #require(try mill.emitted(ContractAccepted.self).first)
        let proposed = try #require(try mill.emitted(ContractProposed.self).first)
        #expect(accepted.contract == proposed.contract)
        #expect(accepted.rules == proposed.rules)
    }

    @Test(arguments: [
        "", "{", "[]", "{\"kind\": \"Recipe\"}",
        "{\"schema\": [{\"name\": \"x\", \"properties\": [{\"name\": \"a\", \"logicalTyp\": 1}]}]}",
    ])
    func `a contract with mistakes is refused and the one before stays in force`(
        _ text: String
    )
        async throws
    {
        let mill = try TestMill.validator()
        try await mill.drop("contracts/flights.json", Sample.contract)
        try await mill.drop("contracts/flights.json", Array(text.utf8), change: .changed)
        try await mill.drop("data/flights/a.csv", Sample.table(50))
        let refused = try #require(try mill.emitted(ContractRefused.self).first)
        #expect(refused.dataset == "flights")
        #expect(!refused.problems.isEmpty)
        let accepted = try #require(try mill.emitted(ContractAccepted.self).first)
        #expect(try mill.emitted(DataAccepted.self).map(\.contract) == [accepted.contract])
    }

    @Test func `a contract may have comments and commas at the end`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop(
            "contracts/flights.json",
            "// Ours.\n" + Sample.contract.replacing("2000}}]", with: "2000,},},]"))
        #expect(try mill.emitted(ContractAccepted.self).map(\.columns) == [3])
        try await mill.drop("data/flights/a.csv", Sample.table(20))
        #expect(try mill.emitted(DataAccepted.self).count == 1)
    }

    @Test func `a refused contract is told all its mistakes, each with its line`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop(
            "contracts/flights.json",
            """
            {"kind": "DataContract", "id": "flights",
             "schema": [{"name": "flights", "properties": [
               {"name": "day", "logicalType": "dat"},
               {"name": "origin", "logicalType": "string", "requird": true},
               {"name": "delay", "logicalType": "integer"},
               {"name": "delay", "logicalType": "integer"},
               {"logicalType": "integer"},
               {"name": "gate", "logicalType": "string",
                "logicalTypeOptions": {"pattern": "("}}],
              "quality": [
               {"metric": "rowCount", "mustBeGreaterOrEqualTo": 10},
               {"metric": "rowsCount"}]}]}
            """)
        let refused = try #require(try mill.emitted(ContractRefused.self).first)
        #expect(refused.problems.count == 6)
        for (line, words) in [
            (3, "day"), (4, "requird"), (6, "twice"), (7, "name"), (9, "gate"), (12, "rowCount"),
        ] {
            #expect(
                refused.problems.contains {
                    $0.hasPrefix("line \(line)") && $0.contains(words)
                }, "\(words) is not among \(refused.problems)")
        }
    }

    @Test func `a contract in another format is refused with the name that it needs`() async throws
    {
        let mill = try TestMill.validator()
        try await mill.drop("contracts/flights.yaml", "schema: []\n")
        #expect(
            try mill.emitted(ContractRefused.self).first?.problems.first?.contains("JSON") == true)
    }

    @Test func `a contract that is removed stays in force and the log says so`() async throws {
        let mill = try TestMill.validator()
        try await mill.drop("contracts/flights.json", Sample.contract)
        try await mill.remove("contracts/flights.json", Sample.contract)
        try await mill.drop("data/flights/b.csv", Sample.table(2) + "2013-01-01,JFK,5000\n")
        #expect(try mill.emitted(DataRejected.self).count == 1)
        #expect(mill.world.messages.contains { $0.contains("stays in force") })
    }

    @Test func `a drop meets the contract that was there before it, not a later one`() async throws
    {
        // Both lie in the journal, in this order, before the plugin has seen either.
        let strict = Sample.contract.replacing("\"maximum\": 2000", with: "\"maximum\": 10")
        let source = try TestMill([])
        try await source.emit(PluginRegistered(plugin: "validator", from: 1))
        try await source.drop("contracts/flights.json", Sample.contract)
        try await source.drop("data/flights/a.csv", Sample.table(300))
        try await source.drop("contracts/flights.json", Array(strict.utf8), change: .changed)
        try await source.drop("data/flights/b.csv", Sample.table(310))
        let past = source.log.events
        let mill = try TestMill([ValidatorPlugin.self], past: past, world: source.world)
        try await mill.drop("data/flights/README", "wake up")
        let accepted = try mill.emitted(DataAccepted.self)
        let rejected = try mill.emitted(DataRejected.self)
        #expect(accepted.map(\.file.path.name) == ["a.csv"])
        #expect(rejected.map(\.path.name) == ["b.csv"])
        #expect(try mill.emitted(ContractProposed.self).isEmpty)
        #expect(accepted.first?.contract != rejected.first?.contract)
    }
}
