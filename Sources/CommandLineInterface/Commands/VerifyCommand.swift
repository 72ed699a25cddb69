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
                before it was changed. Runs beside the daemon. Exit code 1: damaged.
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
        parse: { $0.text.flatMap { JournalHead(parsing: $0) } })
}

/// What a verification found; the shape of `millrace verify --json`.
struct Verification: Codable, Sendable {
    var ok: Bool
    /// `SEQUENCE:HASH` of the last record that could be verified.
    var head: String
    var records: UInt64
    var segments: Int
    var bytes: Int
    var seconds: Double
    var damages: [Place]
    /// The stretches that are whole and bound to each other.
    var provable: [Stretch]
    /// Nil when no older head was given.
    var extendsHead: Bool?
    /// Records removed from the end could not be noticed.
    var headFileMissing: Bool
    /// Bytes at the end that were never acknowledged; the next start cuts them off.
    var tornTail: Place?
    var seals: Seals
    /// Nil when nothing was archived.
    var archive: Archive?
    var vault: VaultState

    /// Segments that are no longer written to, and the digests in their indexes.
    struct Seals: Codable, Sendable {
        var matching: Int
        /// Damaged segments that are not what was sealed.
        var broken: [String]
        /// Indexes that were wrong beside whole segments, and were made again.
        var rebuilt: [String]
        /// The same where they could not be written.
        var wrong: [String]
    }

    struct Archive: Codable, Sendable {
        /// `SEQUENCE:HASH` of the last archived record.
        var head: String
        /// Whether all of it was read; otherwise it is bound by its hash alone.
        var read: Bool
    }

    struct Place: Codable, Sendable {
        var segment: String
        var sequence: UInt64
        var offset: Int
        var flaw: String
    }

    struct Stretch: Codable, Sendable {
        var first: UInt64
        var last: UInt64
    }

    struct VaultState: Codable, Sendable {
        /// How many objects the journal names.
        var named: Int
        var missing: [Object]
        /// Only with --vault.
        var damaged: [Object]
        var bytesRead: Int?
    }

    struct Object: Codable, Sendable {
        var digest: Digest
        /// The first record that names it.
        var sequence: UInt64
        var what: String
    }

    static func run(
        _ layout: WorkspaceLayout, sinceHead: JournalHead?, readsBytes: Bool
    ) throws -> Verification {
        let start = monotonicNanoseconds()
        let report = try JournalVerifier.verify(
            layout.journal, sinceHead: sinceHead, seals: true)
        let seals = report.seals ?? SealReport()
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        let vault = try state(of: layout, readsBytes: readsBytes)
        return Verification(
            ok: report.isOK && vault.missing.isEmpty && vault.damaged.isEmpty,
            head: report.head.description, records: report.records, segments: report.segments,
            bytes: report.bytes, seconds: seconds, damages: report.damages.map { place($0) },
            provable: report.provable.map { Stretch(first: $0.lowerBound, last: $0.upperBound) },
            extendsHead: report.extendsHead, headFileMissing: report.headIsMissing,
            tornTail: report.tornTail.map { place($0) },
            seals: Seals(
                matching: seals.matching, broken: seals.broken, rebuilt: seals.rebuilt,
                wrong: seals.wrong),
            archive: report.archive.map { Archive(head: $0.head.description, read: $0.isRead) },
            vault: vault)
    }

    private static func place(_ damage: Damage) -> Place {
        Place(
            segment: damage.segment, sequence: damage.sequence, offset: damage.offset,
            flaw: "\(damage.flaw)")
    }

    private static func state(
        of layout: WorkspaceLayout, readsBytes: Bool
    ) throws -> VaultState {
        // Damage of the journal is named above: here it must not hide what else is wrong.
        let named = try NamedObjects(JournalReader(directory: layout.journal))
        let vault = try Vault(directory: layout.vault)
        var state = VaultState(
            named: named.objects.count, missing: [], damaged: [], bytesRead: readsBytes ? 0 : nil)
        for object in named.objects {
            let entry = Object(
                digest: object.digest, sequence: object.sequence, what: object.what)
            guard vault.contains(object.digest) else {
                state.missing.append(entry)
                continue
            }
            guard readsBytes else { continue }
            if let size = try sizeIfWhole(object.digest, in: vault) {
                state.bytesRead = (state.bytesRead ?? 0) + size
            } else {
                state.damaged.append(entry)
            }
        }
        return state
    }

    /// Nil when the bytes are not those that the name says.
    private static func sizeIfWhole(_ digest: Digest, in vault: Vault) throws -> Int? {
        do throws(VaultError) {
            return try vault.verify(digest)
        } catch {
            if case .damaged = error { return nil }
            throw error
        }
    }
}
