import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace archive`: old parts of the journal go elsewhere.
struct ArchiveCommand {
    let inbox: InboxCommand

    private static let before = Option.value(
        "before", .moment,
        help: "only records before this time, or before this record; else what is older than "
            + "retention.journal.keep")
    private static let target = Option.value(
        "to", .directory,
        help: "where they go, made when it is not there; else retention.journal.archive")
    private static let dry = Option.flag("dry-run", help: "only say what would be moved")

    /// The shape of `millrace archive --json`.
    struct Answer: Codable, Sendable {
        /// Nil when there is nothing to move.
        var first: UInt64?
        var last: UInt64?
        /// How many segments that is, and their size.
        var segments: Int?
        var bytes: Int?
        /// What was journaled; nil with --dry-run.
        var archived: JournalArchived?
    }

    var command: Command {
        let registry = inbox.registry
        let clock = inbox.clock
        return Command(
            "archive", summary: "move the oldest segments of the journal to another directory",
            discussion: """
                Moves whole segments all of whose records come before --before; the one in use stays. \
                Each is copied, forced to the disk and compared; then the journal notes what went \
                where, and only then they are removed. Interrupted, it loses nothing, and typed again \
                it goes on.
                The chain stays provable: 'verify' and all questions read through the archive where it \
                lies. Out of reach, 'verify' begins with the hash that the journal notes, and state \
                with a snapshot that is kept for it; another version of the program needs the archive. \
                A daemon that runs does it itself, to the directory that its settings name; with \
                retention: { journal: { keep, archive } } it does so without being asked.
                """,
            group: "Trust",
            examples: [
                .init("archive --before 365d --to /mnt/cold/mill", "what is older than a year"),
                .init("archive --before 365d --to /mnt/cold/mill --dry-run", "what that would be"),
            ],
            options: [
                ArchiveCommand.before, ArchiveCommand.target, ArchiveCommand.dry,
            ] + InboxCommand.options
        ) { input in
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            let settings =
                (try? CheckedSettings.read(layout, registry))?.settings.retention.journal
                ?? JournalRetention()
            let target = input[ArchiveCommand.target].map { FilePath(bytes: $0) }
            let keep = settings.keep > .zero ? TypedMoment.ago(seconds: settings.keep.seconds) : nil
            guard let moment = input[ArchiveCommand.before] ?? keep,
                target != nil || !settings.archive.isEmpty || input[ArchiveCommand.dry]
            else {
                throw CommandFailure(
                    .usage, "say what is to be moved, and where",
                    advice: "'millrace archive --before 365d --to DIR'")
            }
            let sequence = try ArchiveCommand.sequence(moment, reader, clock())
            let records = try JournalArchive.candidates(in: layout.journal, before: sequence)
            var answer = Answer(first: records?.lowerBound, last: records?.upperBound)
            if let records {
                let extent = try JournalArchive.extent(of: records, in: layout.journal)
                (answer.segments, answer.bytes) = (extent.segments, extent.bytes)
            }
            if !input[ArchiveCommand.dry] {
                if try reader.hasWriter() {
                    return try await ask(before: sequence, target, settings, input)
                }
                let plugins = Reading.plugins(registry, in: layout)
                let folder = try ArchiveCommand.folder(
                    target ?? FilePath(settings.archive), layout)
                answer.archived = try await BlockingThread.run {
                    try ArchiveCommand.move(layout, reader, before: sequence, to: folder, plugins)
                }
            }
            if input[Shared.json] {
                try Reading.write(answer, to: input.out)
            } else {
                input.out.lines(page(answer))
            }
            return .success
        }
    }

    private func page(_ answer: Answer) -> [Text] {
        if let archived = answer.archived {
            let bytes = archived.segments.reduce(0) { $0 + Int64($1.bytes) }
            let count = Format.count(archived.segments.count, "segment")
            return [
                "\(count, .strong), \(Format.bytes(bytes)): \(archived.summary)",
                "They are no longer in the workspace; keep that directory.",
            ]
        }
        guard let first = answer.first, let last = answer.last, let segments = answer.segments,
            let bytes = answer.bytes
        else {
            return ["nothing to move: no segment that is full lies wholly before that"]
        }
        let size: Text =
            "\(Format.count(segments, "segment"), .strong), \(Format.bytes(Int64(bytes)))"
        return [size + ": records \(first) to \(last) would be moved"]
    }

    private static func sequence(
        _ moment: TypedMoment, _ reader: JournalReader, _ now: Timestamp
    ) throws -> UInt64 {
        switch moment {
        case .sequence(let sequence): sequence
        case .time(let time): try reader.sequence(at: time) ?? .max
        case .ago(let seconds):
            try reader.sequence(at: now.advanced(bySeconds: -seconds)) ?? .max
        }
    }

    /// The directory as an absolute path. - Throws: for one that the watcher or the journal looks into.
    private static func folder(
        _ given: FilePath, _ layout: WorkspaceLayout
    ) throws -> FilePath {
        try Files.makeDirectories(given, mode: 0o700)
        let folder = try AbsolutePath.of(given)
        guard layout.folderAround(folder) == nil else {
            throw CommandFailure(
                .usage, "\(folder.description) is no place for an archive",
                advice: "name a directory outside of it, best on another disk")
        }
        return folder
    }

    private static func move(
        _ layout: WorkspaceLayout, _ reader: JournalReader, before sequence: UInt64,
        to folder: FilePath, _ plugins: [RegisteredPlugin]
    ) throws -> JournalArchived? {
        let writer = try JournalWriter(directory: layout.journal)
        defer { try? writer.close() }
        let maker = SnapshotMaker(reader, layout.snapshots, empty: KeptState.fold(plugins))
        return try JournalArchive.move(writer, layout, maker, before: sequence, to: folder)
    }

    /// The daemon moves segments where its settings say, and nowhere else.
    private func ask(
        before sequence: UInt64, _ target: FilePath?, _ settings: JournalRetention,
        _ input: Invocation
    ) async throws -> ExitCode {
        let advice: Text =
            "put retention: { journal: { archive: \"DIR\" } } into millrace.json, or stop the daemon"
        guard !settings.archive.isEmpty else {
            throw CommandFailure(
                .conflict, "a daemon runs, and millrace.json names no archive", advice: advice)
        }
        guard target == nil || target == FilePath(settings.archive) else {
            throw CommandFailure(
                .conflict, "a daemon runs, and its archive is \(settings.archive)", advice: advice)
        }
        var letter = InboxLetter(command: JournalArchived.command, about: JournalArchived.subject)
        letter.add("before", Int(clamping: sequence))
        return try await inbox.send(letter, input)
    }
}
