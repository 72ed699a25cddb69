import Console
import Daemon
import Millrace
import Runtime
import Vault

/// `millrace show`: settings and contracts as they are, or were.
struct ShowCommand {
    let clock: @Sendable () -> Timestamp

    private static let dataset = Argument.required(
        "DATASET", .text, help: "the folder below data/")

    var command: Command {
        Command(
            "show", summary: "the settings or a contract, as they are or were",
            discussion: """
                Prints what is in force, from the journal and the vault: with --at, what was in \
                force then. 'status --at', 'history --at' and 'why --at' tell of models, drift and \
                approvals. What it prints is JSON, with --json or \
                without.
                """,
            group: "Ask", subcommands: [settings, contract])
    }

    private var settings: Command {
        let clock = clock
        return Command(
            "settings", summary: "the settings in force, with all defaults",
            examples: [
                .init("show settings", "as they are"),
                .init("show settings --at '2026-03-03 14:00'", "as they were then (UTC)"),
            ],
            options: [Shared.at, Shared.json, Shared.workspace]
        ) { input in
            let reader = try Reading.journal(try Shared.layout(input))
            let view = try WorkspaceView(
                reader, projections: [SettingsInForce.self],
                at: Shared.moment(input, now: clock()))
            guard let settings = view.state(SettingsInForce.self).settings else {
                throw CommandFailure(.missing, "no settings were in force at that moment")
            }
            try Reading.write(settings, to: input.out)
            return .success
        }
    }

    private var contract: Command {
        let clock = clock
        return Command(
            "contract", summary: "the contract in force for a dataset",
            examples: [
                .init("show contract flights", "as it is"),
                .init("show contract flights --at 100", "as it was after record 100"),
            ],
            options: [Shared.at, Shared.json, Shared.workspace], arguments: [ShowCommand.dataset]
        ) { input in
            let layout = try Shared.layout(input)
            let view = try WorkspaceView(
                try Reading.journal(layout), projections: [DatasetRegistry.self],
                at: Shared.moment(input, now: clock()))
            let name = input[ShowCommand.dataset]
            let datasets = view.state(DatasetRegistry.self).datasets
            guard let contract = datasets[name]?.contract else {
                let known = datasets.keys.sorted().joined(separator: ", ")
                throw CommandFailure(
                    .missing, "the dataset '\(name)' had no contract at that moment",
                    advice: known.isEmpty ? nil : Text("datasets: \(known)"))
            }
            input.out.write(
                try Vault(directory: layout.vault).read(contract.digest, limit: 4 << 20))
            return .success
        }
    }
}
