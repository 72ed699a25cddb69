import Millrace
import MillraceTesting
import Testing

@testable import Monitor

@Suite struct RetrainingTests {
    private func run(_ mill: MonitorMill, number: Int = 1, fails: Bool = false) async throws {
        let data = try #require(mill.current)
        var target = Target()
        target.column = "late"
        try await mill.mill.emit(
            RunStarted(
                pipeline: "delays", run: number,
                inputs: RunInputs(
                    dataset: data.dataset, datasetVersion: data.version,
                    datasetDigest: data.digest, files: data.files, target: target, features: [],
                    algorithm: "logistic-regression", parameters: [:], seed: 1, holdout: 0.2,
                    command: [], code: [:], environment: [:]),
                reasons: []))
        if fails {
            try await mill.mill.emit(RunFailed(pipeline: "delays", run: number, error: "no"))
        } else {
            try await mill.train(version: number)
        }
    }

    private func drop(_ mill: MonitorMill, _ path: String) async throws {
        mill.mill.world.advance(seconds: 60)
        try await mill.mill.drop(path, "print('\(mill.mill.log.events.count)')")
    }

    private func ask(_ mill: MonitorMill, about: String, comment: String = "") async throws {
        try await mill.mill.emit(
            CommandReceived(
                command: "retrain", about: about,
                arguments: comment.isEmpty ? [:] : ["comment": .string(comment)], uid: 1001),
            actor: .user(1001))
    }

    @Test func `the first data ask for the first model, once`() async throws {
        var mill = try MonitorMill()
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        let request = try #require(try mill.requests().first)
        #expect(request.pipeline == "delays")
        #expect(request.dataset == "flights")
        #expect(request.version == 1)
        #expect(request.reasons == ["first model"])
        #expect(try mill.requests().count == 1)
        #expect(try mill.drifts().isEmpty)
    }

    @Test func `new rows are those of files that the last request did not have`() async throws {
        var mill = try MonitorMill { $0.retrain.newRows = 150 }
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        try await run(mill)
        try await mill.add(try mill.file("b", MonitorMill.table(100, seed: 2)))
        #expect(
            try mill.deferrals().map(\.reason) == [
                "100 new rows of the 150 that ask for training"
            ])
        try await mill.add(try mill.file("c", MonitorMill.table(60, seed: 3)))
        #expect(try mill.requests().map(\.reasons) == [["first model"], ["160 new rows"]])
        // A corrected file brings its rows anew, though the dataset is no larger.
        try await run(mill, number: 2)
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 4)))
        #expect(try mill.requests().last?.reasons == ["300 new rows"])
        #expect(try mill.requests().last?.version == 4)
    }

    @Test func `a dataset that only shrinks asks for nothing`() async throws {
        var mill = try MonitorMill()
        try await mill.add(
            try mill.file("a", MonitorMill.table(300, seed: 1)),
            try mill.file("b", MonitorMill.table(300, seed: 2)))
        try await run(mill)
        let rest = try #require(mill.current?.files.listed?.last)
        try await mill.version([rest], added: [])
        try await mill.version([], added: [])
        #expect(try mill.requests().count == 1)
        #expect(try mill.deferrals().isEmpty)
    }

    @Test func `a first training that failed is asked for again with the next data`() async throws {
        var mill = try MonitorMill { $0.retrain.newRows = 0 }
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        try await run(mill, fails: true)
        try await mill.add(try mill.file("b", MonitorMill.table(300, seed: 2)))
        #expect(try mill.requests().last?.reasons == ["first model: the run before failed"])
    }

    @Test func `the cool-down counts from the last request`() async throws {
        var mill = try MonitorMill { $0.retrain.coolDown = TimeSpan.seconds(86_400) }
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        try await run(mill)
        mill.mill.world.advance(seconds: 3600)
        try await mill.add(try mill.file("b", MonitorMill.table(300, seed: 2)))
        #expect(try mill.requests().count == 1)
        let reason = try #require(try mill.deferrals().first?.reason)
        #expect(reason.contains("300 new rows: cooling down until"))
        #expect(reason.contains("1d after the last request"))
        mill.mill.world.advance(seconds: 86_400)
        try await mill.add(try mill.file("c", MonitorMill.table(300, seed: 3)))
        #expect(try mill.requests().last?.reasons == ["600 new rows"])
    }

    @Test func `what a cool-down put off is looked at again at its end`() async throws {
        var mill = try MonitorMill { $0.retrain.coolDown = TimeSpan.seconds(86_400) }
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        let asked = mill.mill.world.now
        try await run(mill)
        mill.mill.world.advance(seconds: 3600)
        try await drop(mill, "code/delays/train.py")
        let until = try #require(try mill.deferrals().last?.until)
        #expect(abs(until.seconds(since: asked) - 86_400) < 60)
        #expect(try mill.deferrals().last?.code == ["train.py"])
        // Data that come meanwhile put off no longer, and forget nothing.
        try await mill.add(try mill.file("b", MonitorMill.table(300, seed: 2)))
        #expect(try mill.deferrals().last?.code == ["train.py"])
        mill.mill.world.advance(seconds: 86_400)
        try await mill.mill.emit(CoolDownEnded(pipeline: "delays", due: until))
        #expect(
            try mill.requests().last?.reasons == ["300 new rows", "code changed: train.py"])
        // Once.
        try await mill.mill.emit(CoolDownEnded(pipeline: "delays", due: until))
        #expect(try mill.requests().count == 2)
    }

    @Test func `settings that were mended after a failed run are tried at once`() async throws {
        var mill = try MonitorMill {
            $0.retrain.newRows = 0
            $0.retrain.coolDown = TimeSpan.seconds(86_400)
        }
        var settings = mill.settings
        let nothing = Digest(words: (0, 0, 0, 0))
        try await mill.mill.emit(SettingsAccepted(sha256: nothing, settings: settings))
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        try await run(mill)
        try await mill.mill.emit(
            TrainingRequested(pipeline: "delays", dataset: "flights", version: 1, reasons: []))
        try await run(mill, number: 2, fails: true)
        // Settings that change nothing for the pipeline ask for nothing.
        settings.pipelines["other"] = Pipeline()
        try await mill.mill.emit(SettingsAccepted(sha256: nothing, settings: settings))
        #expect(try mill.requests().count == 2)
        settings.pipelines["delays"]?.trainer.timeLimit = TimeSpan.seconds(5)
        try await mill.mill.emit(SettingsAccepted(sha256: nothing, settings: settings))
        #expect(
            try mill.requests().last?.reasons == ["the settings changed since the last run failed"])
        #expect(try mill.requests().count == 3)
    }

    @Test func `a pipeline that is new finds the data that is there`() async throws {
        var mill = try MonitorMill(datasets: [:])
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        #expect(try mill.requests().isEmpty)
        try await mill.mill.emit(
            SettingsAccepted(
                sha256: Digest(words: (0, 0, 0, 0)), settings: MonitorMill.settings()))
        #expect(try mill.requests().map(\.reasons) == [["first model"]])
    }

    @Test func `the schedule asks whatever the policy says`() async throws {
        var mill = try MonitorMill { $0.retrain.coolDown = TimeSpan.seconds(86_400) }
        let due = try #require(Timestamp(parsing: "2026-03-03T02:30:00Z"))
        try await mill.mill.emit(ScheduleDue(name: "nightly", due: due, retrain: "delays"))
        #expect(try mill.deferrals().last?.reason.contains("no rows yet") == true)
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        try await mill.mill.emit(ScheduleDue(name: "nightly", due: due, retrain: "delays"))
        #expect(
            try mill.requests().last?.reasons == [
                "the schedule's nightly, due 2026-03-03T02:30:00Z"
            ])
        try await mill.mill.emit(ScheduleDue(name: "other", due: due))
        try await mill.mill.emit(ScheduleDue(name: "lost", due: due, retrain: "nobody"))
        #expect(try mill.requests().count == 2)
        #expect(try mill.deferrals().last?.reason.contains("no longer have") == true)
    }

    @Test func `each pipeline of the dataset decides for itself, others are not asked`()
        async throws
    {
        var mill = try MonitorMill(
            datasets: ["delays": "flights", "arrivals": "flights", "rain": "weather"])
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        #expect(try mill.requests().map(\.pipeline) == ["arrivals", "delays"])
    }

    @Test func `versions that waited together ask for one training, on the last`() async throws {
        // All of it lies in the journal before the monitor has seen any.
        var source = try MonitorMill(plugins: [])
        try await source.mill.emit(PluginRegistered(plugin: "monitor", from: 1))
        try await source.add(try source.file("a", MonitorMill.table(2000, seed: 1)))
        try await source.train()
        try await source.deploy()
        for (index, name) in ["b", "c", "d"].enumerated() {
            let table = MonitorMill.table(300, seed: UInt64(index) + 2, late: 0.8)
            try await source.add(try source.file(name, table))
        }
        let mill = try TestMill(
            [MonitorPlugin.self], settings: source.settings, past: source.mill.log.events,
            world: source.mill.world)
        try await mill.emit(DaemonStopped(reason: "wake up"))
        #expect(try mill.emitted(TrainingRequested.self).map(\.version) == [4])
        let measured = try mill.emitted(DriftMeasured.self)
        #expect(measured.map(\.currentRows) == [900])
        #expect(measured.first?.current.count == 3)
    }

    @Test func `changed code asks; touched code, notes and unknown pipelines do not`() async throws
    {
        var mill = try MonitorMill()
        try await drop(mill, "code/delays/early.py")
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        #expect(try mill.requests().map(\.reasons) == [["first model"]])
        try await drop(mill, "code/delays/README.md")
        try await drop(mill, "code/other/train.py")
        mill.mill.world.advance(seconds: 60)
        try await mill.mill.drop("code/delays/early.py", [1], change: .touched)
        #expect(try mill.requests().count == 1)
        try await drop(mill, "code/delays/steps/train.py")
        #expect(try mill.requests().last?.reasons == ["code changed: steps/train.py"])
        #expect(try mill.requests().last?.version == 1)
    }

    @Test func `removed code counts as changed`() async throws {
        var mill = try MonitorMill()
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        mill.mill.world.advance(seconds: 60)
        let path = try #require(WorkspacePath(escaped: "code/delays/train.py"))
        try await mill.mill.emit(
            FileRemoved(
                path: path, sha256: try mill.mill.world.files.store([1]), area: Area(of: path)))
        #expect(try mill.requests().last?.reasons == ["code changed: train.py"])
    }

    @Test func `a person asks, whatever the policy says`() async throws {
        var mill = try MonitorMill {
            $0.retrain.first = false
            $0.retrain.coolDown = TimeSpan.seconds(86_400)
        }
        try await mill.add(try mill.file("a", MonitorMill.table(300, seed: 1)))
        #expect(try mill.requests().isEmpty)
        #expect(try mill.deferrals().count == 1)
        try await ask(mill, about: "pipeline/delays", comment: "new labels")
        try await ask(mill, about: "pipeline/delays")
        #expect(
            try mill.requests().map(\.reasons) == [
                ["asked for by uid 1001: new labels"], ["asked for by uid 1001"],
            ])
    }

    @Test func `what a person asks for in vain is answered`() async throws {
        let mill = try MonitorMill()
        try await ask(mill, about: "pipeline/delays")
        try await ask(mill, about: "pipeline/unknown")
        #expect(try mill.requests().isEmpty)
        let reasons = try mill.deferrals().map(\.reason)
        #expect(reasons.count == 2)
        #expect(reasons.first?.contains("no rows yet") == true)
        #expect(reasons.last?.contains("there are: delays") == true)
    }

    @Test func `other commands are left to others`() async throws {
        let mill = try MonitorMill()
        try await mill.mill.emit(
            CommandReceived(
                command: "pause", about: "pipeline/delays", arguments: [:], uid: 1001))
        #expect(mill.mill.story == [CommandReceived.type])
    }
}
