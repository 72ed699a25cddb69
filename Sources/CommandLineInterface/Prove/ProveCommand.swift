import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime
import Vault

/// `millrace prove`: why a version is in production, in one file that shows it without us.
struct ProveCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let check = Option.value(
        "check", .file, help: "verify a proof, without any workspace")
    private static let output = Option.value(
        "output", short: "o", .file, help: "where to write the proof; else standard output")
    private static let full = Option.flag(
        "full", help: "all records up to the head, up to 256 MiB of them")
    private static let version = Argument.optional(
        "MODEL", .text, help: "MODEL or MODEL@VERSION; for --check, nothing")

    var command: Command {
        let registry = registry
        let clock = clock
        return Command(
            "prove", summary: "one file that shows why a version is in production, offline",
            discussion: """
                Writes one JSON file with the raw records of the journal that led to the deployment, \
                with their chain of hashes, and the lists, contracts, code and model that they name. \
                --check verifies such a file anywhere, with nothing else: every record, every link, \
                every digest, and that data, validation, code, run, evaluation, gates, approval and \
                deployment fit together. One changed byte is found and named (exit code 1).
                A chain of more than 32 MiB is left out, and only the records that matter are taken \
                in; --full takes all, up to 256 MiB. What a proof cannot show by itself is that the journal it is \
                from is yours: compare its head with one that you kept.
                """,
            group: "Trust",
            examples: [
                .init("prove delays -o delays.proof.json", "why this model is in production"),
                .init("prove delays@3 --at 2026-03-03", "as it was then"),
                .init("prove --check delays.proof.json", "is that so? (needs no workspace)"),
            ],
            options: [
                ProveCommand.check, ProveCommand.output, ProveCommand.full, Shared.at,
                Shared.json, Shared.workspace,
            ], arguments: [ProveCommand.version]
        ) { input in
            if let file = input[ProveCommand.check] {
                return try ProveCommand.check(FilePath(bytes: file), input)
            }
            guard let words = input[ProveCommand.version] else {
                throw CommandFailure(
                    .usage, "name a model, such as 'prove delays', or a file with --check")
            }
            let bundle = try ProveCommand.bundle(words, input, registry, clock())
            let bytes = try bundle.bytes()
            guard let output = input[ProveCommand.output] else {
                input.out.write(bytes)
                return .success
            }
            try Shared.writeFile(FilePath(bytes: output), bytes)
            let page = ProofPage(bundle: bundle)
            if input[Shared.json] {
                try Reading.write(bundle.claim, to: input.out)
            } else {
                input.out.lines(page.lines(for: input.out.terminal))
            }
            return .success
        }
    }

    private static func bundle(
        _ words: String, _ input: Invocation, _ registry: PluginRegistry, _ now: Timestamp
    ) throws -> ProofBundle {
        let layout = try Shared.layout(input)
        let reader = try Reading.journal(layout)
        let moment = try Shared.moment(input, now: now)
        let target = try WhyTarget(RawArgument(words), root: layout.root, reader, at: moment)
        let sequence = try target.sequence()
        let files = try VaultFiles(layout)
        var tracer = CauseTracer(target.search, files: files)
        guard let event = try target.search.event(sequence),
            event.type == DeploymentCompleted.type
        else {
            throw CommandFailure(
                .negative, "\(words) was never deployed: there is nothing to prove",
                advice: "'millrace why \(words)' says how far it came")
        }
        let evidence = try tracer.causes(of: event).sequences
        do {
            return try ProofBuilder(target.search, files: files).bundle(
                deployment: sequence, evidence: evidence,
                chainMax: input[full] ? ProofBuilder.wholeMax : ProofBuilder.chainMax,
                isWhole: input[full])
        } catch let flaw as ProofFlaw {
            throw CommandFailure(.negative, Text("this journal does not prove it: \(flaw)"))
        }
    }

    private static func check(_ path: FilePath, _ input: Invocation) throws -> ExitCode {
        let bytes = try Shared.readFile(path, limit: ProofCheck.sizeLimit)
        let bundle: ProofBundle
        do { bundle = try ProofCheck.check(bytes) } catch {
            throw CommandFailure(
                .negative, Text("the proof does not hold: \(error.description)"))
        }
        if input[Shared.json] {
            try Reading.write(bundle.claim, to: input.out)
        } else {
            input.out.lines(ProofPage(bundle: bundle).lines(for: input.out.terminal))
        }
        return .success
    }
}

extension CauseNode {
    /// All records of the tree.
    fileprivate var sequences: Set<UInt64> {
        var found: Set<UInt64> = event.map { [$0.sequence] } ?? []
        for node in chain + evidence { found.formUnion(node.sequences) }
        return found
    }
}
