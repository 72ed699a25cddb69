import Foundation
import Millrace
import MillraceTesting
import Synchronization
import Testing
import Trainer

@Suite struct CommandTrainingTests {
    private let settings = TrainerMill.settings {
        $0.trainer.algorithm = .command
        $0.trainer.command = ["train.sh", "--fast"]
        $0.trainer.parameters = ["depth": 3]
    }

    /// A mill whose program is a closure over its environment.
    private func trainer(
        _ program: @escaping @Sendable (ProcessRequest) throws -> Void
    ) throws -> TrainerMill {
        try TrainerMill(
            settings,
            world: MemoryWorld(plugins: [TrainerPlugin.self]) { request in
                try program(request)
                return CommandResult(output: [], errorOutput: [])
            })
    }

    private static func leave(_ text: String, as name: String, _ request: ProcessRequest) throws {
        let folder = try #require(request.environment["MILLRACE_OUTPUT"])
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    @Test func `a program finds its code, its data without the held-out rows, and its task`()
        async throws
    {
        let seen = Mutex<[String: String]>([:])
        var trainer = try trainer { request in
            func text(_ path: String) -> String {
                (try? String(contentsOfFile: path, encoding: .utf8)) ?? "nothing"
            }
            let environment = request.environment
            var found = environment
            found["arguments"] = request.arguments.dropFirst().joined(separator: " ")
            found["program"] = text(request.arguments[0])
            found["library"] = text((request.directory ?? "") + "/lib/a.sh")
            found["training"] = text((environment["MILLRACE_TRAIN_DATA"] ?? "") + "/1.csv")
            found["heldOut"] = text((environment["MILLRACE_HOLDOUT_DATA"] ?? "") + "/1.csv")
            let result = found
            seen.withLock { $0 = result }
            try CommandTrainingTests.leave("weights", as: "model.bin", request)
            try CommandTrainingTests.leave(#"{"auc": 0.75}"#, as: "metrics.json", request)
        }
        let csv = TrainerMill.csv()
        try await trainer.mill.drop("code/delays/train.sh", "echo train")
        try await trainer.mill.drop("code/delays/lib/a.sh", "echo a")
        try await trainer.add(csv)
        try await trainer.request()
        #expect(trainer.mill.deadLetters.isEmpty)
        let found = seen.withLock { $0 }
        #expect(found["program"] == "echo train")
        #expect(found["library"] == "echo a")
        #expect(found["arguments"] == "--fast")
        #expect(found["MILLRACE_PARAMETERS"] == #"{"depth":3}"#)
        #expect(found["MILLRACE_SEED"] == "1")
        let target = try JSONValue(parsing: Array((found["MILLRACE_TARGET"] ?? "").utf8))
        #expect(target["column"] == "delay")
        #expect(target["above"]?.doubleValue == 15)
        let training = (found["training"] ?? "").split(separator: "\n")
        let heldOut = (found["heldOut"] ?? "").split(separator: "\n")
        #expect(training.first == "hour,carrier,delay")
        #expect(heldOut.first == "hour,carrier,delay")
        #expect((25...55).contains(heldOut.count))
        let together = (training.dropFirst() + heldOut.dropFirst()).sorted()
        #expect(together == csv.split(separator: "\n").dropFirst().sorted())
        #expect(Set(training.dropFirst()).isDisjoint(with: heldOut.dropFirst()))
        let version = try #require(try trainer.mill.emitted(ModelVersionCreated.self).first)
        #expect(version.file == "model.bin")
        #expect(version.examples == nil)
        #expect(version.metrics == ["auc": 0.75])
        #expect(trainer.text("models/delays/1/model.bin") == "weights")
        #expect(trainer.text("models/delays/1/card.md")?.contains("own program reported") == true)
    }

    @Test func `a portable model is measured by Millrace, whatever the program says`() async throws
    {
        var builtIn = try TrainerMill()
        try await builtIn.add(TrainerMill.csv())
        try await builtIn.request()
        let model = try #require(builtIn.text("models/delays/1/model.json"))
        let measured = try #require(try builtIn.mill.emitted(RunCompleted.self).first).metrics
        var trainer = try trainer { request in
            try CommandTrainingTests.leave(model, as: "model.json", request)
            try CommandTrainingTests.leave(
                #"{"auc": 0.999, "profit": 12}"#, as: "metrics.json", request)
        }
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        let version = try #require(try trainer.mill.emitted(ModelVersionCreated.self).first)
        #expect(version.metrics["auc"] == measured["auc"])
        #expect(version.metrics["profit"] == 12)
        #expect(version.examples != nil)
    }

    @Test func `a program that fails fails the run with what it said`() async throws {
        var trainer = try trainer { _ in
            throw ReactionError("train.sh exited with status 3: no such column")
        }
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        let failed = try #require(try trainer.mill.emitted(RunFailed.self).first)
        #expect(failed.error.contains("exited with status 3: no such column"))
        #expect(trainer.mill.world.performed.count == 1)
    }

    @Test(
        arguments: [
            ([:], "left no file model.json"),
            (["model.a": "", "model.b": ""], "several models: model.a, model.b"),
            (["model.json": "{}"], "model.json of the training program"),
            (["model.a": "", "metrics.json": "[1]"], "no JSON object"),
            (["model.a": "", "metrics.json": #"{"auc": "high"}"#], "'auc'"),
        ] as [([String: String], String)])
    func `what a program leaves is checked`(files: [String: String], words: String) async throws {
        var trainer = try trainer { request in
            for (name, text) in files {
                try CommandTrainingTests.leave(text, as: name, request)
            }
        }
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        let failed = try #require(try trainer.mill.emitted(RunFailed.self).first)
        #expect(failed.error.contains(words), "\(failed.error)")
    }

    @Test func `a link in place of a model is refused`() async throws {
        var trainer = try trainer { request in
            let folder = try #require(request.environment["MILLRACE_OUTPUT"])
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/model.bin", withDestinationPath: "/etc/passwd")
        }
        try await trainer.add(TrainerMill.csv())
        try await trainer.request()
        #expect(try trainer.mill.emitted(ModelVersionCreated.self).isEmpty)
        #expect(try trainer.mill.emitted(RunFailed.self).count == 1)
    }
}
