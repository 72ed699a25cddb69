import Console
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

@Suite struct HistoryTests {
    @Test func `the history of a model, from the first day`() async throws {
        let year = try await Year.shared.value
        try Golden.expect(await year.run("history", "delays").all, "history")
        let answer = try await year.run("history", "delays", "--json")
            .decode(HistoryCommand.Answer.self)
        #expect(answer.stage == "production" && answer.changes.last?.until == nil)
        // Each one ends when the next begins.
        for (change, next) in zip(answer.changes, answer.changes.dropFirst()) {
            #expect(change.until == next.since && change.version == next.previous)
        }
        #expect(answer.changes.contains { $0.cause == .rollback && $0.uid == 1001 })
        #expect(answer.changes.contains { $0.cause == .approval && $0.uid == 1001 })
        let other = await year.run("history", "delay")
        #expect(other.code == .missing && other.err.contains("'delays'"))
    }

    @Test func `which model was live on 3 March at 14:00, and why`() async throws {
        let year = try await Year.shared.value
        try Golden.expect(
            await year.run("why", "delays", "--at", "2026-03-03 14:00").all, "why-at")
        try Golden.expect(
            await year.run("status", "--at", "2026-03-03 14:00").all, "status-at")
        try Golden.expect(
            await year.run("history", "delays", "--at", "2026-03-03 14:00").all, "history-at")
    }

    @Test func `a picture of the causes names each record once`() async throws {
        let year = try await Year.shared.value
        let graph = await year.run("why", "delays@2", "--dot").out
        #expect(graph.hasPrefix("digraph why {") && graph.hasSuffix("}\n"))
        let nodes = graph.split(separator: "\n").filter { $0.contains("[label=") }
        #expect(nodes.count > 10 && Set(nodes).count == nodes.count)
        let forward = await year.run("why", "8", "--forward", "--dot").out
        #expect(forward.contains(" -> "))
    }

    @Test func `settings and contracts as they were`() async throws {
        let year = try await Year.shared.value
        let before = try await year.run("show", "settings", "--at", "2026-05-01").json()
        let after = try await year.run("show", "settings", "--at", "2026-07-01").json()
        #expect(before["pipelines"]?["delays"]?["approval"] == [])
        #expect(after["pipelines"]?["delays"]?["approval"] == ["production"])
        let contract = try await year.run("show", "contract", "flights").json()
        #expect(contract["kind"] == "DataContract")
        let none = await year.run("show", "contract", "flights", "--at", "3")
        #expect(none.code == .missing)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `the state at a moment is the fold of the records up to it`(_ seed: UInt64) async throws {
        let year = try await Year.shared.value
        var random = SplitMix(seed: seed)
        // A batch is whole or not there.
        let sequence = try year.batchEnd(before: 36 + random.next() % 758)
        // A journal that ends there, and the whole one looked at as of there.
        let short = try year.cut(after: sequence)
        let commands = [
            ["status", "--json"], ["history", "delays", "--json"], ["why", "delays", "--json"],
            ["show", "settings"], ["deadletter", "list", "--json"],
        ]
        for words in commands {
            let then = await year.run(words + ["--at", "\(sequence)"])
            let now = await short.run(words)
            #expect(Facts(then) == Facts(now), "\(words) at \(sequence)")
        }
    }
}

/// What a command said, but for what can only be known of the present.
private struct Facts: Equatable {
    let text: String

    init(_ answer: Year.Answer) {
        guard let json = try? answer.json(), case .object(let members) = json else {
            text = answer.all
            return
        }
        text = JSONValue.object(members.filter { $0.key != "daemon" }).pretty()
    }
}
