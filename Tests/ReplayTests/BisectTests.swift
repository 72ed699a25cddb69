import Console
import Daemon
import Millrace
import Runtime
import Testing

@testable import CommandLineInterface

@Suite struct BisectTests {
    @Test(arguments: 1...200)
    func `halving finds the first of any row, in few questions`(_ count: Int) {
        var most = 0
        for first in 1...count {
            var search = Bisection(from: 0, to: count)
            while let next = search.next { search.answer(next >= first) }
            #expect(search.found == first)
            most = max(most, search.questions)
        }
        var halvings = 0
        while 1 << halvings < count { halvings += 1 }
        #expect(most <= halvings)
    }

    @Test func `which drop made the metric fall, from what was measured`() async throws {
        let year = try await Year.shared.value
        try Golden.expect(
            await year.run("bisect", "--model", "delays", "--below", "0.75").all, "bisect")
    }

    @Test func `training in between names the one drop, and writes nothing`() async throws {
        let year = try await Year.shared.value
        let watch = try Untouched(year.layout.root)
        let found = await year.run("bisect", "--model", "delays", "--below", "0.75", "--train")
        try Golden.expect(found.all, "bisect-train")
        #expect(try watch.changes() == [])
        let answer = try await year.run(
            "bisect", "--model", "delays", "--below", "0.75", "--train", "--json"
        ).decode(BisectCommand.Answer.self)
        #expect(answer.culprit?.summary.contains("2026-w40.csv") == true)
        #expect(answer.versionsAsked + answer.trainings <= answer.questionsMax)
    }

    @Test func `what never fell, and what nobody measured`() async throws {
        let year = try await Year.shared.value
        let never = await year.run("bisect", "--model", "delays", "--below", "0.5")
        #expect(never.code == .negative && never.err.contains("the worst is v14"))
        let always = await year.run("bisect", "--model", "delays", "--below", "0.999")
        #expect(always.code == .negative)
        let unknown = await year.run(
            "bisect", "--model", "delays", "--metric", "ndcg", "--below", "1")
        #expect(unknown.code == .missing && unknown.err.contains("auc"))
        #expect(await year.run("bisect", "--model", "delays").code == .usage)
    }
}
