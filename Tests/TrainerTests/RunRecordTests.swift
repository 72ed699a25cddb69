import Millrace
import MillraceTesting
import Testing

@Suite struct RunRecordTests {
    @Test func `a run's record is complete before it begins`() async throws {
        var trainer = try TrainerMill(
            TrainerMill.settings {
                $0.trainer.parameters = ["l2": 2]
                $0.trainer.seed = 7
                $0.trainer.holdout = 0.3
            })
        try await trainer.mill.emit(
            DaemonStarted(program: "millrace 9", pid: 1, host: "h", afterCrash: false))
        let code = try await trainer.mill.drop("code/delays/check.py", "pass")
        try await trainer.mill.drop("code/other/check.py", "other")
        try await trainer.add(TrainerMill.csv())
        try await trainer.request("first model")
        let started = try #require(try trainer.mill.emitted(RunStarted.self).first)
        let inputs = started.inputs
        #expect(started.run == 1)
        #expect(started.reasons == ["first model"])
        #expect(inputs.datasetVersion == 1)
        #expect(inputs.files.listed == trainer.files)
        #expect(inputs.seed == 7)
        #expect(inputs.holdout == 0.3)
        #expect(inputs.nulls == ["", "NA"])
        #expect(inputs.parameters["l2"] == 2)
        #expect(inputs.parameters["maximumIterations"] == 100)
        let digest = try code.decode(FileArrived.self).sha256
        #expect(inputs.code == ["code/delays/check.py": digest])
        #expect(inputs.environment["program"] == "millrace 9")
        #expect(inputs.environment["platform"]?.hasPrefix("linux") == true)
    }

    @Test func `code that is removed or moved away is no part of the next run`() async throws {
        var trainer = try TrainerMill()
        try await trainer.add(TrainerMill.csv())
        let event = try await trainer.mill.drop("code/delays/a.py", "a")
        try await trainer.mill.drop("code/delays/b.py", "b")
        let arrived = try event.decode(FileArrived.self)
        try await trainer.mill.emit(
            FileRemoved(path: arrived.path, sha256: arrived.sha256, area: arrived.area))
        try await trainer.request()
        let inputs = try #require(try trainer.mill.emitted(RunStarted.self).last?.inputs)
        #expect(inputs.code.keys.sorted() == ["code/delays/b.py"])
    }

    @Test func `the newest data is taken, whichever was asked for`() async throws {
        var trainer = try TrainerMill()
        try await trainer.add(TrainerMill.csv())
        try await trainer.add(TrainerMill.csv(seed: 2))
        try await trainer.request(version: 1)
        #expect(try trainer.mill.emitted(RunStarted.self).map(\.inputs.datasetVersion) == [2])
    }

    @Test func `requests that waited together are one run for all their reasons`() async throws {
        // Asked for while no trainer was there.
        let idle = try TestMill([], settings: TrainerMill.settings())
        var past = try TrainerMill()
        try await past.add(TrainerMill.csv())
        var events = past.mill.log.events
        for reason in ["drift in hour", "200 new rows", "drift in hour"] {
            events.append(
                try await idle.emit(
                    TrainingRequested(
                        pipeline: "delays", dataset: "flights", version: 1, reasons: [reason])))
        }
        let trainer = try TrainerMill(past: events, world: past.mill.world)
        try await trainer.mill.emit(DaemonStopped(reason: "to wait until all is done"))
        let started = try trainer.mill.emitted(RunStarted.self)
        #expect(started.map(\.run) == [1])
        #expect(started.first?.reasons == ["drift in hour", "200 new rows"])
        #expect(try trainer.mill.emitted(ModelVersionCreated.self).count == 1)
    }
}
