import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime
import Vault

/// `millrace vault`: the bytes of data and models.
struct VaultCommand {
    let inbox: InboxCommand

    private static let dry = Option.flag("dry-run", help: "only say what would be removed")

    /// The shape of `millrace vault collect --dry-run --json`.
    struct Plan: Codable, Sendable {
        /// Nothing needed the objects since.
        var unneededSince: Timestamp
        var bytes: Int
        var objects: [VaultCollected.Object]
    }

    var command: Command {
        Command(
            "vault", summary: "the bytes of data and models that the journal names",
            group: "Trust", subcommands: [collect])
    }

    private var collect: Command {
        let registry = inbox.registry
        let inbox = inbox
        return Command(
            "collect", summary: "remove bytes that nothing needed for longer than the settings say",
            discussion: """
                How long is 'retention: { vault: { keep: "90d" } }' in millrace.json; without it \
                nothing is ever removed, and with it the daemon does so without being asked.
                What was in force so long ago, or since, stays: every file that lay in the workspace, \
                each dataset's version, the models that were live, waited or could be gone back to, \
                with what they were trained on, and what waits to be handled, was set aside or lies in \
                quarantine. So do contracts, code and settings. Of the rest an event names each, and \
                then it goes. History stays: whoever asks for such bytes is told when they were \
                removed. The same file, dropped again, brings them back.
                It asks the daemon; without one it is done when one starts.
                """,
            examples: [
                .init("vault collect --dry-run", "what could go"),
                .init("vault collect", "have it removed"),
            ],
            options: [VaultCommand.dry] + InboxCommand.options
        ) { input in
            guard input[VaultCommand.dry] else {
                return try await inbox.send(
                    InboxLetter(command: VaultCollected.command, about: VaultCollected.subject),
                    input)
            }
            let layout = try Shared.layout(input)
            _ = try Reading.journal(layout)
            let now = inbox.clock()
            let plan = try await BlockingThread.run {
                try VaultCommand.plan(layout, registry, now)
            }
            if input[Shared.json] {
                try Reading.write(plan, to: input.out)
            } else {
                VaultCommand.write(plan, to: input.out)
            }
            return .success
        }
    }

    private static func plan(
        _ layout: WorkspaceLayout, _ registry: PluginRegistry, _ now: Timestamp
    ) throws -> Plan {
        let settings: WorkspaceSettings
        do { settings = try CheckedSettings.read(layout, registry).settings } catch {
            throw DaemonError.settings(layout.settings, error.list)
        }
        guard settings.retention.vault.keep > .zero else {
            throw CommandFailure(
                .negative, "millrace.json does not say how long bytes are kept",
                advice: "put retention: { vault: { keep: \"90d\" } } into it")
        }
        let collection = try VaultCollection(
            layout, try Vault(directory: layout.vault),
            plugins: Reading.plugins(registry, in: layout), keep: settings.retention.vault.keep,
            now: now)
        return Plan(
            unneededSince: collection.since,
            bytes: collection.objects.reduce(0) {
                $0.addingReportingOverflow($1.bytes).partialValue
            },
            objects: collection.objects)
    }

    private static func write(_ plan: Plan, to out: OutputWriter) {
        var table = TextTable([
            .init("BYTES", .right), .init("SHA-256"), .init("NAMED", .right),
            .init("WHAT", cut: .end),
        ])
        for object in plan.objects {
            table.add(
                Text(object.bytes.grouped), Text(object.sha256.short, .name),
                Text("#\(object.named)"), Text(object.what))
        }
        if !plan.objects.isEmpty { out.lines(table.lines(for: out.terminal)) }
        let count = Format.count(plan.objects.count, "object")
        out.line(
            "\(count, .strong), \(Format.bytes(Int64(plan.bytes))): not needed since "
                + "\(Format.dateAndTime(plan.unneededSince)) and would be removed")
    }
}
