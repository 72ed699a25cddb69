import Millrace
import MillraceTesting
import Testing

@Suite struct DeferredTrainingTests {
    private func reasons(_ trainer: TrainerMill) throws -> [String] {
        try trainer.mill.emitted(TrainingDeferred.self).map(\.reason)
    }

    @Test func `without data there is nothing to train on`() async throws {
        let trainer = try TrainerMill()
        try await trainer.request()
        #expect(try reasons(trainer) == ["the dataset flights has no accepted data yet"])
        #expect(try trainer.mill.emitted(RunStarted.self).isEmpty)
    }

    @Test func `a dataset whose files are all gone is nothing to train on`() async throws {
        let trainer = try TrainerMill()
        try await trainer.mill.emit(
            DatasetVersionCreated(
                dataset: "flights", version: 3, digest: Digest(words: (1, 1, 1, 1)),
                listing: [], added: []))
        try await trainer.request()
        #expect(try reasons(trainer) == ["version 3 of flights has no rows"])
    }

    @Test func `a pipeline that the settings no longer have is not trained`() async throws {
        let trainer = try TrainerMill(WorkspaceSettings())
        try await trainer.request()
        #expect(try reasons(trainer) == ["the settings have no pipeline delays"])
    }

    @Test func `the same inputs are not trained on twice`() async throws {
        var trainer = try TrainerMill()
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        try await trainer.request()
        #expect(try reasons(trainer) == ["nothing changed since run 1"])
        try await trainer.mill.drop("code/delays/a.py", "a")
        try await trainer.request()
        #expect(try trainer.mill.emitted(RunStarted.self).map(\.run) == [1, 2])
    }

    @Test func `parameters that make no sense are named`() async throws {
        var trainer = try TrainerMill(
            TrainerMill.settings { $0.trainer.parameters = ["l3": 1] })
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        #expect(try reasons(trainer).first?.contains("l3") == true)
    }

    @Test func `an algorithm that does not serve the target is named with one that does`()
        async throws
    {
        var trainer = try TrainerMill(TrainerMill.settings { $0.target.above = nil })
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        #expect(try reasons(trainer).first?.contains("take linear-regression") == true)
    }
}
