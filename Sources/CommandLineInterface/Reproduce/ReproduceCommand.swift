import Checksums
import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// `millrace reproduce`: a model version, made again from its record.
struct ReproduceCommand {
    let registry: PluginRegistry

    private static let model = Argument.required("MODEL", .text, help: "MODEL or MODEL@VERSION")
    private static let output = Option.value(
        "output", short: "o", .file, help: "write the model that was made to this file")

    /// The shape of `millrace reproduce --json`.
    struct Answer: Codable, Sendable {
        struct Side: Codable, Sendable {
            var artifact: Digest
            var file: String
            var metrics: [String: Double]
            /// Of the training; nil when it is not on record.
            var seconds: Double?
            var program: String?
        }

        var model: String
        var version: Int
        var run: Int
        var time: Timestamp
        /// Whether the model's bytes are the same.
        var same: Bool
        var recorded: Side
        var made: Side
        var inputs: RunInputs
    }

    var command: Command {
        let registry = registry
        return Command(
            "reproduce", summary: "make a model version again from its record, and compare",
            discussion: """
                Trains a version again from the record of its run: the exact bytes of data and code,                 the parameters and the seed. It happens in a scratch folder, without the daemon, and                 nothing in the workspace is written. Then it compares the digests of the two models:                 exit code 0 when they are the same bytes, 1 when they are not.
                Built-in trainers give the same bytes on every machine of the same kind. A program of                 your own gives them when it uses MILLRACE_SEED for all that it leaves to chance; it                 is run here as the daemon ran it.
                """,
            group: "Trust",
            examples: [
                .init("reproduce delays", "the version that was deployed last"),
                .init("reproduce delays@3 -o again.json", "keep what came out"),
            ],
            options: [ReproduceCommand.output, Shared.json, Shared.workspace],
            arguments: [ReproduceCommand.model]
        ) { input in
            let answer = try await ReproduceCommand.answer(input, registry)
            if input[Shared.json] {
                try Reading.write(answer, to: input.out)
            } else {
                input.out.lines(ReproducePage(answer: answer).lines(for: input.out.terminal))
            }
            return answer.same ? .success : .negative
        }
    }

    private static func answer(
        _ input: Invocation, _ registry: PluginRegistry
    ) async throws -> Answer {
        let layout = try Shared.layout(input)
        let reader = try Reading.journal(layout)
        let view = try WorkspaceView(reader, projections: [SettingsInForce.self])
        let again = Reproduction(reader, registry: registry, upTo: view.sequence)
        let (name, version) = try target(input[model], again)
        let scratch = try ScratchFolder("reproduce")
        defer { scratch.remove() }
        var machine = try WhatIfMachine(of: layout, scratch: scratch.path)
        let line = Mutex(ProgressLine(input.err))
        machine.progress = { share, words in
            let percent = Format.fixed(100 * min(max(share, 0), 1), 0)
            line.withLock {
                $0.show(
                    "\(percent) %  \(words)", nowSeconds: Double(monotonicNanoseconds()) / 1e9)
            }
        }
        defer { line.withLock { $0.clear() } }
        do {
            let result = try await again.run(name, version, on: machine) { files, artifact in
                guard let path = input[output] else { return }
                let bytes = try files.bytes(of: artifact, limit: 1 << 30)
                guard Digest(words: SHA256.hash(bytes).words) == artifact else {
                    throw CommandFailure(
                        .damage, "the vault's copy of \(artifact.short) is damaged",
                        advice: "'millrace verify' tells more")
                }
                try Shared.writeFile(FilePath(bytes: path), bytes)
            }
            return Answer(result)
        } catch let nothing as Reproduction.Nothing {
            throw failure(nothing, "\(name) v\(version)")
        } catch is CancellationError {
            throw CommandFailure(
                .work, "\(name) v\(version) was not made again: its training was stopped")
        } catch let error as ReactionError {
            throw CommandFailure(
                .work, Text("\(name) v\(version) cannot be made again: \(error)"))
        }
    }

    private static func target(
        _ words: String, _ again: Reproduction
    ) throws -> (name: String, version: Int) {
        let parts = words.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let newest = try again.defaultVersion(of: name) else {
            throw CommandFailure(
                .missing, "there is no model '\(name)' with a version",
                advice: "'millrace status' lists models")
        }
        guard parts.count == 2 else { return (name, newest) }
        let digits = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
        let versions = try again.versions(of: name)
        guard let version = Int(digits), versions.contains(version) else {
            let some = versions.suffix(10).map { "\(name)@\($0)" }
            throw CommandFailure(
                .missing, "\(name) has no version '\(String(parts[1]))'",
                advice: Text("there are: " + some.joined(separator: ", ")))
        }
        return (name, version)
    }

    private static func failure(
        _ nothing: Reproduction.Nothing, _ version: String
    ) -> CommandFailure {
        switch nothing {
        case .noVersion:
            CommandFailure(
                .missing, "the record of the run that made \(version) is not in the journal",
                advice: "segments that were archived have it: see 'millrace archive'")
        case .noTrainer:
            CommandFailure(
                .negative, "no plugin of this program makes \(version) from its run",
                advice: "run the program that the daemon is")
        case .failed(let words):
            CommandFailure(.work, Text("\(version) cannot be made again: \(words)"))
        }
    }
}

extension ReproduceCommand.Answer {
    fileprivate init(_ result: Reproduction.Answer) {
        func side(_ version: ModelVersionCreated, _ seconds: Double?, _ program: String?) -> Side {
            Side(
                artifact: version.artifact, file: version.file, metrics: version.metrics,
                seconds: seconds, program: program)
        }
        let recorded = result.recorded
        self.init(
            model: recorded.model, version: recorded.version, run: recorded.run,
            time: result.time, same: result.isSame,
            recorded: side(
                recorded, result.seconds.recorded, recorded.inputs.environment["program"]),
            made: side(
                result.made, result.seconds.made, "millrace \(MillraceProgram.version)"),
            inputs: recorded.inputs)
    }
}
