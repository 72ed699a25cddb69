import Learning
import Millrace
import MillraceTesting
import Testing

@Suite struct RunTests {
    @Test func `a run makes a version, its measurements and its release`() async throws {
        var trainer = try TrainerMill()
        try await trainer.add(TrainerMill.csv(rows: 400), rows: 400)
        try await trainer.request("first model")
        #expect(trainer.mill.deadLetters.isEmpty)
        let run = try #require(try trainer.mill.emitted(RunCompleted.self).first)
        let version = try #require(try trainer.mill.emitted(ModelVersionCreated.self).first)
        #expect(version.version == 1)
        #expect(version.artifact == run.artifact)
        #expect(version.metrics == run.metrics)
        #expect(try #require(version.metrics["auc"]) > 0.8)
        // A tenth has no outcome, and about a fifth of the rest is held out.
        #expect((230...340).contains(run.rows))
        let bytes = try #require(trainer.mill.world.written["models/delays/1/model.json"])
        #expect(bytes == (try trainer.mill.world.files.bytes(of: version.artifact, limit: .max)))
        let model = try Model(bytes: bytes)
        #expect(model.features.map(\.name) == ["hour", "carrier"])
        #expect(model.target.classes == ["<= 15.0", "> 15.0"])
        let examples = try SupervisedExamples(
            bytes: try #require(trainer.mill.world.written["models/delays/1/examples.json"]))
        #expect(examples.rows.count == 20)
        #expect(try examples.difference(from: model, tolerance: 0) == nil)
    }

    @Test func `a release's manifest names the digest of each file and what it was made from`()
        async throws
    {
        var trainer = try TrainerMill()
        try await trainer.add(TrainerMill.csv())
        try await trainer.request("first model")
        let text = try #require(trainer.text("models/delays/1/manifest.json"))
        let manifest = try JSONValue(parsing: Array(text.utf8))
        let files = try #require(manifest["files"]?.members)
        #expect(files.map(\.key) == ["card.md", "examples.json", "model.json"])
        for file in files {
            let digest = try #require(file.value.stringValue.flatMap { Digest(hex: $0) })
            #expect(
                try trainer.mill.world.files.bytes(of: digest, limit: .max)
                    == trainer.mill.world.written["models/delays/1/\(file.key)"])
        }
        let inputs = try #require(manifest["inputs"]).decode(RunInputs.self)
        #expect(inputs == (try trainer.mill.emitted(RunStarted.self).first?.inputs))
        let card = try #require(trainer.text("models/delays/1/card.md"))
        #expect(card.contains("# delays v1"))
        #expect(card.contains("| Because | first model |"))
    }

    @Test func `names from outside cannot break out of the model card`() async throws {
        var trainer = try TrainerMill()
        try await trainer.add(TrainerMill.csv())
        try await trainer.request("<script>\n# not a heading | [link](x)")
        let card = try #require(trainer.text("models/delays/1/card.md"))
        #expect(card.contains("\\<script\\> # not a heading \\| \\[link\\](x)"))
        #expect(!card.contains("\n# not"))
    }

    @Test func `the same inputs give the same model and the same release`() async throws {
        var digests: Set<Digest> = []
        for _ in 0..<2 {
            var trainer = try TrainerMill(
                TrainerMill.settings {
                    $0.trainer.algorithm = .boostedTrees
                    $0.trainer.parameters = ["trees": 5]
                })
            try await trainer.add(TrainerMill.csv())
            try await trainer.request()
            let version = try #require(try trainer.mill.emitted(ModelVersionCreated.self).first)
            digests.insert(version.artifact)
            digests.insert(try #require(version.examples))
        }
        #expect(digests.count == 2)
    }

    @Test func `versions count on, and a number can be the target`() async throws {
        var trainer = try TrainerMill(
            TrainerMill.settings {
                $0.target.above = nil
                $0.trainer.algorithm = .linearRegression
            })
        for seed in 1...2 {
            try await trainer.add(TrainerMill.csv(seed: UInt64(seed)))
            try await trainer.request()
        }
        let versions = try trainer.mill.emitted(ModelVersionCreated.self)
        #expect(versions.map(\.version) == [1, 2])
        #expect(versions.map(\.run) == [1, 2])
        #expect(try #require(versions.last?.metrics["rmse"]) < 6)
    }

    @Test(arguments: [
        ("hour,carrier\n1,UA\n2,B6\n", "delay"),
        ("hour,carrier,delay\n1,UA,NA\n2,B6,NA\n", "rows"),
        ("hour,carrier,delay\n1,UA,1\n2,B6,2\n3,UA,1\n4,B6,2\n5,B6,3\n6,B6,4\n", "same class"),
        ("", "empty"),
        ("\u{0}\u{1}\u{2}binary\u{0}", ""),
    ])
    func `data that cannot be learned from fails the run for good`(
        text: String, words: String
    )
        async throws
    {
        var trainer = try TrainerMill()
        try await trainer.add(text, rows: 2)
        try await trainer.request()
        let failed = try #require(try trainer.mill.emitted(RunFailed.self).first)
        #expect(failed.run == 1)
        #expect(failed.error.contains(words), "\(failed.error)")
        #expect(try trainer.mill.emitted(ModelVersionCreated.self).isEmpty)
        #expect(try trainer.mill.emitted(ReactionFailed.self).isEmpty)
        #expect(trainer.mill.deadLetters.isEmpty)
    }

    @Test func `bytes that cannot be read are tried again before the run is given up`()
        async throws
    {
        var settings = TrainerMill.settings()
        settings.runtime.attempts = 3
        let trainer = try TrainerMill(settings)
        let missing = Digest(words: (9, 9, 9, 9))
        let path = try #require(WorkspacePath(escaped: "data/flights/a.csv"))
        try await trainer.mill.emit(
            DatasetVersionCreated(
                dataset: "flights", version: 1, digest: missing,
                listing: [
                    DatasetFile(path: path, size: 9, sha256: missing, rows: 5, profile: missing)
                ], added: [path]))
        try await trainer.request()
        #expect(try trainer.mill.emitted(ReactionFailed.self).map(\.attempt) == [1, 2])
        let failed = try #require(try trainer.mill.emitted(RunFailed.self).first)
        #expect(failed.error.hasPrefix("after 3 attempts: "))
        #expect(trainer.mill.deadLetters.isEmpty)
    }
}
