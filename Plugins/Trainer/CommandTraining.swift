import Learning
import Millrace

/// Training with a program of the user's, in any language.
///
/// It runs in a folder that holds the pipeline's code, as it was when the run was recorded, and finds
/// in its environment:
///
///     MILLRACE_TRAIN_DATA     a folder with the dataset's files, without the rows held out
///     MILLRACE_HOLDOUT_DATA   the same files with the rows held out alone, for its own metrics
///     MILLRACE_OUTPUT         the folder where it leaves its results
///     MILLRACE_TARGET         what to predict, as JSON: {"column": "arr_delay", "above": 15}
///     MILLRACE_FEATURES       the columns to learn from, as a JSON list; [] for all others
///     MILLRACE_PARAMETERS     the pipeline's parameters, as JSON
///     MILLRACE_SEED           for whatever it leaves to chance
///     MILLRACE_THREADS        how many processors it may keep busy
///
/// It ends with status 0 and leaves either `model.json` in Millrace's portable format, which is then
/// measured, checked and served like a model of a built-in algorithm, or one file `model.ANYTHING` of
/// its own, and with it `metrics.json`: an object of numbers, by which the gates judge it, because
/// nobody else can run it.
struct CommandTraining {
    let input: TrainJob.Input
    let context: JobContext
    let scratch: Scratch

    private static let modelLimit = 1 << 30

    init(input: TrainJob.Input, context: JobContext) {
        self.input = input
        self.context = context
        scratch = Scratch(root: context.scratch)
    }

    func run() async throws -> TrainJob.Output {
        let start = ContinuousClock.now
        context.progress(0, "laying out the data")
        let heldOut = try layOutData()
        try layOutCode()
        try scratch.makeFolder("output")
        guard let program = input.inputs.command.first else {
            throw ReactionError("the trainer's command is empty", retryable: false)
        }
        context.progress(0.1, "running \(program)")
        do {
            _ = try await context.run(
                ProcessRequest(
                    arguments: [resolved(program)] + input.inputs.command.dropFirst(),
                    environment: environment, directory: scratch.absolute("code"),
                    timeout: input.timeLimit))
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ReactionError("the training program failed: \(error)", retryable: false)
        }
        context.progress(0.9, "taking over the model")
        return try takeOver(rows: heldOut, since: start)
    }

    /// - Returns: how many rows there are to learn from, and how many were held out.
    private func layOutData() throws -> (training: Int, heldOut: Int) {
        let source = try SupervisedSource(input.inputs, from: context.files)
        var rows = (training: 0, heldOut: 0)
        for file in source.files {
            let parts = try source.divide(
                file, holdout: input.inputs.holdout, from: context.files)
            rows.training += parts.trainingRows
            rows.heldOut += parts.heldOutRows
            // Below `data/DATASET/`.
            let name = file.path.bytes.split(separator: UInt8(ascii: "/")).dropFirst(2)
            try scratch.write(parts.training, to: "training", name, mode: 0o444)
            try scratch.write(parts.heldOut, to: "holdout", name, mode: 0o444)
        }
        return rows
    }

    private func layOutCode() throws {
        try scratch.makeFolder("code")
        for path in input.inputs.code.keys.sorted() {
            guard let file = WorkspacePath(escaped: path), let digest = input.inputs.code[path]
            else { continue }
            let name = file.bytes.split(separator: UInt8(ascii: "/")).dropFirst(2)
            let bytes = try context.files.bytes(of: digest, limit: 256 << 20)
            try scratch.write(bytes, to: "code", name, mode: 0o755)
        }
    }

    /// A program that is a file of the pipeline's code is that file; any other is looked up in `PATH`.
    private func resolved(_ program: String) -> String {
        let path = "code/\(input.pipeline)/\(program)"
        return input.inputs.code[path] == nil ? program : scratch.absolute("code/\(program)")
    }

    private var environment: [String: String] {
        let target = input.inputs.target
        var question: [JSONValue.Member] = [.init("column", .string(target.column))]
        if let above = target.above { question.append(.init("above", .number(above))) }
        if let equals = target.equals { question.append(.init("equals", .string(equals))) }
        return [
            "MILLRACE_TRAIN_DATA": scratch.absolute("training"),
            "MILLRACE_HOLDOUT_DATA": scratch.absolute("holdout"),
            "MILLRACE_OUTPUT": scratch.absolute("output"),
            "MILLRACE_TARGET": text(.object(question)),
            "MILLRACE_FEATURES": text(.array(input.inputs.features.map { .string($0) })),
            "MILLRACE_PARAMETERS": text(input.inputs.parameters),
            "MILLRACE_SEED": "\(input.inputs.seed)",
            "MILLRACE_THREADS": "\(context.threads)",
        ]
    }

    private func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }

    private func takeOver(
        rows: (training: Int, heldOut: Int), since start: ContinuousClock.Instant
    ) throws -> TrainJob.Output {
        let found = try scratch.names(in: "output").filter { $0.hasPrefix("model.") }
        guard let file = found.first, found.count == 1 else {
            throw ReactionError(
                found.isEmpty
                    ? "the training program left no file model.json (or model.ANYTHING) in "
                        + "MILLRACE_OUTPUT"
                    : "the training program left several models: "
                        + found.sorted().joined(separator: ", "), retryable: false)
        }
        let bytes = try scratch.read("output/\(file)", limit: CommandTraining.modelLimit)
        var output = TrainJob.Output(
            artifact: try context.files.store(bytes), file: file, examples: nil,
            rows: rows.training, heldOut: rows.heldOut, metrics: try reportedMetrics(),
            seconds: 0)
        if file == "model.json" { try measure(bytes, into: &output) }
        output.seconds = (ContinuousClock.now - start) / .seconds(1)
        return output
    }

    /// What the program measured itself.
    private func reportedMetrics() throws -> [String: Double] {
        guard try scratch.names(in: "output").contains("metrics.json") else { return [:] }
        let bytes = try scratch.read("output/metrics.json", limit: 1 << 20)
        guard let members = try? JSONValue(parsing: bytes).members else {
            throw ReactionError(
                "metrics.json of the training program is no JSON object", retryable: false)
        }
        var metrics: [String: Double] = [:]
        for member in members.prefix(1000) {
            guard let value = member.value.doubleValue, value.isFinite else {
                throw ReactionError(
                    "metrics.json of the training program says \(member.value.kindName) for "
                        + "'\(member.key)': a number is expected", retryable: false)
            }
            metrics[member.key] = value
        }
        return metrics
    }

    /// A portable model is measured by Millrace; what the program says beside that is kept.
    private func measure(_ bytes: [UInt8], into output: inout TrainJob.Output) throws {
        let model: Model
        do {
            model = try Model(bytes: bytes)
        } catch {
            throw ReactionError(
                "model.json of the training program: \(error); a format of its own has another "
                    + "name, such as model.onnx", retryable: false)
        }
        let source = try SupervisedSource(input.inputs, from: context.files)
        let share = input.inputs.holdout
        let rows = try source.read(model.selections, from: context.files) {
            SupervisedSource.isHeldOut($0, share: share)
        }
        output.metrics.merge(try rows.metrics(of: model)) { _, measured in measured }
        let examples = try SupervisedExamples(of: model, on: rows.table, count: input.examples)
        output.examples =
            examples.rows.isEmpty ? nil : try context.files.store(examples.bytes)
    }
}
