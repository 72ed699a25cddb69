import Console
import Journal
import Millrace

/// A verification for people.
struct VerifyPage {
    let outcome: Verification

    func lines(for terminal: Terminal) -> [Text] {
        var lines: [Text] = [
            "\("journal", .strong)  \(verdict)",
            """
              \(Format.count(Int(clamping: outcome.records), "record")) in \
            \(Format.count(outcome.segments, "segment")), \(Format.bytes(Int64(outcome.bytes))), \
            in \(Format.duration(seconds: outcome.seconds))\(rate)
            """,
        ]
        for damage in outcome.damages.prefix(20) { lines += text(of: damage, terminal) }
        if outcome.damages.count > 20 {
            lines.append("  and \(Format.count(outcome.damages.count - 20, "more place"))")
        }
        if !outcome.damages.isEmpty {
            let stretches = outcome.provable.map { "\($0.first)-\($0.last)" }
            let whole = stretches.isEmpty ? "nothing" : stretches.joined(separator: ", ")
            lines += wrapped(
                "provable all the same, each stretch whole and in order: \(whole)",
                width: terminal.width - 2
            ).map { "  " + Text($0) }
        }
        if let tail = outcome.tornTail {
            lines += wrapped(
                """
                unfinished end at record \(tail.sequence), byte \(tail.offset) of \(tail.segment): a \
                write that was never acknowledged, so nothing is lost with it; the next start cuts it
                """, width: terminal.width - 2
            ).map { "  " + Text($0, .warning) }
        }
        lines += headFile(terminal)
        lines += sinceHead(terminal)
        if let archive = outcome.archive {
            let last = archive.head.prefix { $0 != ":" }
            lines += wrapped(
                archive.read
                    ? "records 1 to \(last) were read where they are archived"
                    : "the archive of records up to \(last) is out of reach, in whole or in part; "
                        + "what is here follows the hash that the journal notes of it",
                width: terminal.width - 2
            ).map { "  " + Text($0) }
        }
        lines += seals(terminal)
        lines += vault(terminal)
        lines.append("\("head", .strong)     \(outcome.head)")
        return lines
    }

    private var verdict: Text {
        if !outcome.damages.isEmpty {
            let rest = outcome.onlyAccepted ? ", all of it accepted" : ""
            return Text("DAMAGED in \(Format.count(outcome.damages.count, "place"))\(rest)", .bad)
        }
        if !outcome.headFile.isProof {
            return Text("whole as far as it goes, but nothing shows that it ends there", .bad)
        }
        switch outcome.extendsHead {
        case .no: return Text("whole, but not an extension of the head that was given", .bad)
        case .unknown: return Text("whole, but not all that was asked is proven", .bad)
        case .yes, nil: return Text("whole", .good)
        }
    }

    /// What records cut from the end would be noticed by.
    private func headFile(_ terminal: Terminal) -> [Text] {
        let end = outcome.head.prefix { $0 != ":" }
        var words: String
        switch outcome.headFile {
        case .whole, .noRecords: return []
        case .oneCopyDamaged:
            words = "one of the two copies in the file head is damaged; the other one serves"
        case .newerCopyUnknown:
            words = """
                not proven: that no records after \(end) were cut from the end. One of the two \
                copies in the file head is damaged, and may have named a later record
                """
        case .damaged, .missing:
            let flaw =
                outcome.headFile == .missing
                ? "The file head is missing" : "Both copies in the file head are damaged"
            words = """
                not proven: that no records after \(end) were cut from the end. \(flaw), \
                which would show it
                """
        }
        if let later = outcome.laterSnapshot {
            words += """
                ; a snapshot of record \(later) lies beside the journal: if it is of this one, \
                records up to \(later) were removed
                """
        }
        return wrapped(words, width: terminal.width - 2).map {
            "  " + Text($0, outcome.headFile.isProof ? .warning : .bad)
        }
    }

    private func sinceHead(_ terminal: Terminal) -> [Text] {
        guard let answer = outcome.extendsHead else { return [] }
        let reason = outcome.extendsHeadReason ?? ""
        let words =
            switch answer {
            case .yes: "it extends the head that was given"
            case .no: "it does not extend the head that was given: \(reason)"
            case .unknown: "not proven: that it extends the head that was given. \(reason)"
            }
        return wrapped(words, width: terminal.width - 2).map {
            "  " + Text($0, answer == .yes ? .good : .bad)
        }
    }

    private var rate: String {
        guard outcome.seconds > 0, outcome.records > 0 else { return "" }
        let rate = Double(outcome.records) / outcome.seconds
        return rate < 1e15 ? " (\(Format.count(Int(rate.rounded()))) a second)" : ""
    }

    private func text(of place: Verification.Place, _ terminal: Terminal) -> [Text] {
        let line =
            "record \(place.sequence), byte \(place.offset) of \(place.segment): \(place.flaw)"
        var lines = wrapped(line, width: terminal.width - 2).map { "  " + Text($0, .bad) }
        if let accepted = place.accepted {
            let time = Format.dateAndTime(accepted.time)
            lines.append("    accepted by #\(accepted.event) on \(time) by \(accepted.by)")
        }
        return lines
    }

    private func seals(_ terminal: Terminal) -> [Text] {
        let seals = outcome.seals
        var lines: [Text] = []
        if seals.matching > 0 {
            let segments = Format.count(seals.matching, "segment")
            lines.append("  \(segments) as sealed, byte for byte")
        }
        let rest = [
            ("no longer what was sealed", seals.broken),
            ("index was wrong, and was rebuilt", seals.rebuilt),
            ("index is wrong, and is not believed", seals.wrong),
        ]
        for (words, names) in rest {
            lines += names.prefix(20).map { "  \(words, .warning): \($0)" }
        }
        return lines
    }

    private func vault(_ terminal: Terminal) -> [Text] {
        let vault = outcome.vault
        let bad = vault.missing.count + vault.damaged.count
        let read = vault.bytesRead.map { ", \(Format.bytes(Int64($0))) read again" } ?? ""
        let all = Format.count(vault.named, "object")
        var lines: [Text] = [
            bad == 0
                ? "\("vault", .strong)    \("whole", .good), \(all)\(read)"
                : "\("vault", .strong)    \("\(bad) of \(all) MISSING OR DAMAGED", .bad)\(read)"
        ]
        let flaws =
            vault.missing.map { ("missing", $0) } + vault.damaged.map { ("damaged", $0) }
        for (flaw, object) in flaws.prefix(20) {
            lines.append(
                "  \(flaw, .bad)  \(object.digest.short)  #\(object.sequence)  \(object.what)")
        }
        if flaws.count > 20 {
            lines.append("  and \(Format.count(flaws.count - 20, "more"  , plural: "more"))")
        }
        return lines
    }
}
