import Console
import Daemon
import Foundation
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
        #expect(most <= Bisection.questionsMax(of: count))
        #expect(1 << (Bisection.questionsMax(of: count) - 1) <= count, "more than log2(n)+1")
    }

    @Test(arguments: RandomRow.seeds)
    func `versions at any places save trainings, and never cost a look more`(
        _ seed: UInt64
    ) async throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<200 {
            let row = RandomRow(using: &random)
            var search = Bisection(from: 0, to: row.count)
            let known = row.known
            let looks = try await search.halve(known: known) { place in
                #expect(known[place] == nil, "trained where a version was made")
                return place >= row.first
            }
            #expect(search.found == row.first && search.next == nil, "\(row)")
            #expect(
                looks.asked + looks.trained <= Bisection.questionsMax(of: row.count), "\(row)")
        }
    }

    @Test(arguments: RandomRow.seeds)
    func `what cannot be trained leaves what is known, in as few looks`(
        _ seed: UInt64
    ) async throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<200 {
            let row = RandomRow(using: &random)
            var search = Bisection(from: 0, to: row.count)
            let untrained = Int.random(in: 0..<4, using: &random)
            var trained = 0
            let looks = try await search.halve(known: row.known) { place in
                trained += 1
                return trained > untrained ? nil : place >= row.first
            }
            #expect(search.low < row.first && search.found >= row.first, "\(row)")
            #expect(row.known.keys.allSatisfy { $0 <= search.low || $0 >= search.found })
            #expect(
                looks.asked + looks.trained <= Bisection.questionsMax(of: row.count), "\(row)")
        }
    }

    /// A history of changes with versions at some of its places.
    private struct RandomRow {
        static let seeds = Seeds.some()

        let count: Int
        /// The change that it was.
        let first: Int
        let known: [Int: Bool]

        init(using random: inout SplitMix) {
            let count = Int.random(in: 1...100, using: &random)
            let first = Int.random(in: 1...count, using: &random)
            let density = Double.random(in: 0...1, using: &random)
            var known = [0: false, count: true]
            for place in 1..<max(count, 2)
            where place < count && Double.random(in: 0..<1, using: &random) < density {
                known[place] = place >= first
            }
            (self.count, self.first, self.known) = (count, first, known)
        }
    }

    @Test func `which drop made the metric fall, from what was measured`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(
            year, "bisect", [["bisect", "--model", "delays", "--below", "0.75"]])
    }

    @Test func `training in between names the one drop, and writes nothing`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(
            year, "bisect-train",
            [["bisect", "--model", "delays", "--below", "0.75", "--train"]])
        let watch = try Untouched(year)
        let answer = try watch.run(
            "bisect", "--model", "delays", "--below", "0.75", "--train", "--json"
        ).decode(BisectCommand.Answer.self)
        #expect(watch.changes() == [])
        #expect(answer.culprit?.summary.contains("2026-w40.csv") == true)
        #expect(answer.versionsAsked + answer.trainings <= answer.questionsMax)
        #expect(answer.questionsMax == Int(log2(Double(answer.changes))) + 1)
        #expect(answer.recovered == nil)
    }

    @Test func `that the newest version is good again is said`() async throws {
        let year = try await Year.shared.value
        let words = ["bisect", "--model", "delays", "--below", "0.7142"]
        let answer = try await year.run(words + ["--json"]).decode(BisectCommand.Answer.self)
        #expect(answer.bad.version == 14 && answer.recovered?.version == 17)
        #expect(await year.run(words).out.contains("v17 is good again: 0.7283"))
    }

    @Test(arguments: ["0.77", "0.785", "0.8"])
    func `trainings and looks together keep the promise`(_ bound: String) async throws {
        let year = try await Year.shared.value
        let found = await year.run(
            "bisect", "--model", "delays", "--below", bound, "--train", "--json")
        let answer = try found.decode(BisectCommand.Answer.self)
        #expect(answer.culprit != nil)
        #expect(answer.versionsAsked + answer.trainings <= answer.questionsMax)
        #expect(answer.questionsMax == Int(log2(Double(answer.changes))) + 1)
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
