import Console
import Daemon
import Millrace
import Runtime
import Testing

@Suite struct WhatIfTests {
    @Test(arguments: ["900000", "2030-01-01"])
    func `a change from a place that lies ahead is told`(_ since: String) async throws {
        let year = try await Year.shared.value
        let answer = await year.run("what-if", "--since", since)
        #expect(answer.code == .missing && answer.out.isEmpty, "\(answer.all)")
    }

    @Test func `what if nothing were changed is nothing`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(year, "what-if-nothing", [["what-if"]])
        #expect(try await year.run("what-if", "--json").decode(WhatIfOutcome.self).isEmpty)
    }

    @Test func `all plugins, run again over the whole year, decide what they decided`() async throws
    {
        let year = try await Year.shared.value
        var words = ["what-if", "--json"]
        for plugin in ["validator", "monitor", "trainer", "deployer"] {
            words += ["--plugin", plugin]
        }
        let outcome = try await year.run(words).decode(WhatIfOutcome.self)
        #expect(outcome.reactions > 200)
        #expect(outcome.differences.isEmpty && outcome.unknown.isEmpty && outcome.isEmpty)
        #expect(outcome.was == outcome.wouldBe)
    }

    @Test func `a stricter gate keeps versions out of production`() async throws {
        let year = try await Year.shared.value
        try await Golden.expect(
            year, "what-if-gate",
            [["what-if", "--set", "pipelines.delays.gates[0].atLeast=0.76"]])
    }

    @Test func `a rule of today says which drops it would have refused`() async throws {
        let year = try await Year.shared.value
        let contract = try year.contract(rowsMax: 500)
        try await Golden.expect(
            year, "what-if-contract", [["what-if", "--contract", "flights=\(contract)"]],
            replacing: [contract: "new.json"])
    }

    @Test func `nothing is written outside its scratch folder, also when models are trained`()
        async throws
    {
        let year = try await Year.shared.value
        let watch = try Untouched(year)
        let contract = try year.contract(rowsMax: 500)
        let outcome = try watch.run(
            "what-if", "--train", "--json", "--since", "2026-10-01", "--set",
            "pipelines.delays.retrain.newRows=1", "--set", "pipelines.delays.retrain.coolDown=10d",
            "--contract", "flights=\(contract)", "--plugin", "validator"
        ).decode(WhatIfOutcome.self)
        #expect(outcome.wouldBe.trainings > outcome.was.trainings)
        #expect(outcome.unknown.isEmpty && !outcome.differences.isEmpty)
        #expect(watch.changes() == [])
    }

    @Test func `the same promotion of another model is one decision`() async throws {
        let year = try await Year.shared.value
        let words = [
            "what-if", "--train", "--since", "2026-10-01", "--set",
            "pipelines.delays.trainer.algorithm='boosted-trees'",
        ]
        let outcome = try await year.run(words + ["--json"]).decode(WhatIfOutcome.self)
        let promotions = outcome.differences.filter { $0.kind == .promotion }
        #expect(
            promotions.contains {
                $0.was?.outcome == "deployed" && $0.wouldBe?.outcome == "deployed"
                    && $0.wouldBe?.reason == "another model"
            })
        // No question is told twice.
        let abouts = promotions.compactMap { difference in
            (difference.was ?? difference.wouldBe).map { "\(difference.sequence) \($0.about)" }
        }
        #expect(Set(abouts).count == abouts.count, "\(abouts)")
        // Staging comes before production.
        let stages = promotions.compactMap { ($0.was ?? $0.wouldBe)?.about }
        #expect(stages.first?.hasSuffix("to staging") == true)
        let page = await year.run(words)
        #expect(page.out.contains("would have been of another model"), "\(page.all)")
    }

    @Test func `settings that cannot be are refused with their reason`() async throws {
        let year = try await Year.shared.value
        let unknown = await year.run("what-if", "--set", "pipelines.delays.gate=1")
        #expect(unknown.code == .settings && unknown.err.contains("gate"))
        let pipeline = await year.run("what-if", "--set", "pipelines.delay.retrain.newRows=1")
        #expect(pipeline.code == .missing && pipeline.err.contains("'delays'"))
        let contract = try year.contract(rowsMax: 500)
        let dataset = await year.run("what-if", "--contract", "flight=\(contract)")
        #expect(dataset.code == .missing && dataset.err.contains("'flights'"))
        let missing = await year.run("what-if", "--plugin", "validater")
        #expect(missing.code == .missing && missing.err.contains("validator"))
        let file = await year.run("what-if", "--settings", "/nonexistent.json")
        #expect(file.code == .missing)
    }

    @Test func `a longer pause asks for fewer trainings`() async throws {
        let year = try await Year.shared.value
        let words = [
            "what-if", "--since", "2026-05-01", "--set", "pipelines.delays.retrain.coolDown=42d",
        ]
        try await Golden.expect(year, "what-if-pause", [words])
        // What was put off is asked for on the second at which the pause is over.
        let outcome = try await year.run(words + ["--json"]).decode(WhatIfOutcome.self)
        let trainings = outcome.differences.compactMap(\.wouldBe).filter { $0.kind == .training }
        let ends = trainings.filter { $0.outcome == "put off" }.compactMap { decision in
            decision.reason.firstRange(of: "cooling down until ").map {
                String(decision.reason[$0.upperBound...].prefix(19))
            }
        }
        let begun = trainings.filter { $0.outcome == "requested" }.map {
            String($0.time.description.prefix(19))
        }
        #expect(!Set(ends).isDisjoint(with: begun), "\(ends) \(begun)")
    }
}
