import Console
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

@Suite struct HistoryTests {
    @Test func `the history of a model, from the first day`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, "history", [["history", "delays"]])
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
        let then = ["--at", "2026-03-03 14:00"]
        try await Golden.expect(year, "why-at", [["why", "delays"] + then])
        try await Golden.expect(year, "status-at", [["status"] + then])
        try await Golden.expect(year, "history-at", [["history", "delays"] + then])
    }

    @Test func `no cause is later than what it caused`() async throws {
        let year = try await Year.shared.value
        func check(_ fact: EventRecord, _ evidence: [WhyAnswer.Evidence]) {
            for one in evidence {
                if let event = one.event {
                    #expect(event.sequence < fact.sequence, "\(event.type) of \(fact.type)")
                }
                check(one.event ?? fact, one.evidence)
                for cause in one.causes { check(cause.event, cause.evidence) }
            }
        }
        for words in [["data/flights/2026-w01.csv"], ["delays@1"], ["delays"]] {
            let answer = try await year.run(["why", "--json"] + words).decode(WhyAnswer.self)
            check(answer.fact, answer.evidence)
            for cause in answer.causes { check(cause.event, cause.evidence) }
        }
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

    @Test(arguments: Seeds.some())
    func `the state at a moment is the fold of the records up to it`(_ seed: UInt64) async throws {
        let year = try await Year.shared.value
        var random = SplitMix(seed: seed)
        for _ in 0..<2 {
            // A batch is whole or not there.
            let sequence = try year.batchEnd(before: 36 + random.next() % 758)
            // A journal that ends there, and the whole one looked at as of there.
            let short = try year.cut(after: sequence)
            for words in HistoryTests.commands {
                let then = await year.run(words + ["--at", "\(sequence)"])
                let now = await short.run(words)
                #expect(Facts(then) == Facts(now), "\(words) at \(sequence)")
            }
        }
    }

    /// Of states that `--at` asks for.
    private static let commands = [
        ["status", "--json"], ["history", "delays", "--json"], ["why", "delays", "--json"],
        ["why-not", "delays", "--json"], ["show", "settings"], ["show", "contract", "flights"],
        ["drops", "--json"], ["deadletter", "list", "--json"],
    ]
}

/// What a command said, but for what can only be known of the present.
private struct Facts: Equatable {
    let text: String

    init(_ answer: Year.Answer) {
        guard let json = try? answer.json() else {
            text = answer.all
            return
        }
        let state = json.members.map { .object($0.filter { $0.key != "daemon" }) } ?? json
        text = state.pretty()
    }
}
