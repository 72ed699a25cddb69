import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime
import Vault

/// `millrace verify`: whether the history is what was written.
struct VerifyCommand {
    private static let sinceHead = Option.value(
        "since-head", ValueType.head,
        help: "an older head that was kept elsewhere: prove that the journal extends it")
    private static let vault = Option.flag(
        "vault", help: "read all the bytes in the vault again, too")

    var command: Command {
        Command(
            "verify", summary: "check every record, and the chain that binds them",
            discussion: """
                Checks checksum, sequence and chain of every record, and that the vault has all \
                bytes that accepted events name. Damage is named with segment, record and byte, and \
                with what is provable all the same.
                It prints the head: keep it elsewhere, and --since-head proves later that nothing \
                before it was changed. Runs beside the daemon. Exit code 1: damaged, or not proven; \
                also where the damage was accepted, which --json tells apart as onlyAccepted.
                """,
            group: "Trust",
            examples: [
                .init("verify", "check the journal"),
                .init("verify --vault", "and the bytes of all data, code and models"),
                .init("verify --since-head 128:3fa9…", "and that it extends this head"),
            ],
            options: [
                VerifyCommand.sinceHead, VerifyCommand.vault, Shared.json, Shared.workspace,
            ]
        ) { input in
            let layout = try Shared.layout(input)
            _ = try Reading.journal(layout)
            let readsBytes = input[VerifyCommand.vault]
            let sinceHead = input[VerifyCommand.sinceHead]
            let outcome = try await BlockingThread.run {
                try Verification.run(layout, sinceHead: sinceHead, readsBytes: readsBytes)
            }
            if input[Shared.json] {
                try Reading.write(outcome, to: input.out)
            } else {
                input.out.lines(VerifyPage(outcome: outcome).lines(for: input.out.terminal))
            }
            return outcome.ok ? .success : .negative
        }
    }
}

extension ValueType where Value == JournalHead {
    static let head = ValueType(
        placeholder: "SEQ:HASH", expectation: "a head as 'millrace verify' prints it",
        parse: { $0.text.flatMap { JournalHead(parsing: $0.lowercased()) } })
}
