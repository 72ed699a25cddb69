import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime
import Vault

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
    /// Nothing is wrong but damage that somebody accepted.
    var onlyAccepted: Bool
    /// Nil when no older head was given.
    var extendsHead: Answer?
    /// How far it is proven, or why not, in words.
    var extendsHeadReason: String?
    /// What the file `head` is worth: without it, records removed from the end are not noticed.
    var headFile: HeadEvidence
    /// A later record than the last one, of which there is a snapshot; only where the head shows nothing.
    var laterSnapshot: UInt64?
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
        /// By whom and when it was accepted (`run --accept-damage`); nil when it was not.
        var accepted: Acceptance?
    }

    struct Acceptance: Codable, Sendable {
        /// The event that says so.
        var event: UInt64
        var time: Timestamp
        var by: String
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
        let damages = try places(report.damages, in: layout)
        let vault = try state(of: layout, readsBytes: readsBytes)
        let isVaultWhole = vault.missing.isEmpty && vault.damaged.isEmpty
        var outcome = Verification(
            ok: report.isOK && isVaultWhole,
            head: report.head.description, records: report.records, segments: report.segments,
            bytes: report.bytes, seconds: seconds, damages: damages,
            provable: report.provable.map { Stretch(first: $0.lowerBound, last: $0.upperBound) },
            onlyAccepted: !damages.isEmpty && damages.allSatisfy { $0.accepted != nil }
                && report.isWholeButForDamage && isVaultWhole,
            headFile: report.headEvidence, tornTail: report.tornTail.map { place($0) },
            seals: Seals(
                matching: seals.matching, broken: seals.broken, rebuilt: seals.rebuilt,
                wrong: seals.wrong),
            archive: report.archive.map { Archive(head: $0.head.description, read: $0.isRead) },
            vault: vault)
        if let sinceHead, let proof = report.headProof {
            outcome.extendsHead = Answer(proof.extendsHead)
            outcome.extendsHeadReason = proof.words(about: sinceHead)
        }
        if !report.headEvidence.isProof, let later = layout.snapshots.sequences.last,
            later > report.head.sequence
        {
            outcome.laterSnapshot = later
        }
        return outcome
    }

    private static func place(_ damage: Damage) -> Place {
        Place(
            segment: damage.segment, sequence: damage.sequence, offset: damage.offset,
            flaw: "\(damage.flaw)")
    }

    private static func places(_ damages: [Damage], in layout: WorkspaceLayout) throws -> [Place] {
        guard !damages.isEmpty else { return [] }
        let accepted = try AcceptedDamage(JournalReader(directory: layout.journal))
        return damages.map { damage in
            var place = place(damage)
            place.accepted = accepted.acceptance(of: damage).map {
                Acceptance(event: $0.sequence, time: $0.time, by: "\($0.actor)")
            }
            return place
        }
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

/// Yes, no, or not proven, which is `null`.
enum Answer: Codable, Equatable, Sendable {
    case yes, no, unknown

    init(_ answer: Bool?) { self = answer.map { $0 ? .yes : .no } ?? .unknown }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self.init(container.decodeNil() ? nil : try container.decode(Bool.self))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .yes: try container.encode(true)
        case .no: try container.encode(false)
        case .unknown: try container.encodeNil()
        }
    }
}

extension HeadProof {
    /// For people.
    func words(about head: JournalHead) -> String {
        switch self {
        case .extends:
            return
                "record \(head.sequence) is that of the head, and all that follows is bound to it"
        case .broken(let last):
            return last > head.sequence
                ? "proven up to record \(last) only: what follows is damaged"
                : "what follows record \(head.sequence) is damaged"
        case .otherHistory:
            return head.sequence == 0
                ? "the head of an empty journal is 0 and 64 zeros"
                : "record \(head.sequence) is another one: another history, or it was replaced"
        case .shorter(let last):
            return """
                the journal ends with record \(last): it was shortened, or it is not the journal of \
                the head
                """
        case .archived(let last):
            return """
                record \(head.sequence) is in an archive that is out of reach, with all up to record \
                \(last)
                """
        case .unreadable:
            return
                "record \(head.sequence) and the one after it, which names it, are damaged or gone"
        }
    }
}
