import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// `millrace archive`: old parts of the journal go elsewhere.
struct ArchiveCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    private static let before = Option.value(
        "before", .moment, help: "only records before this time, or before this record")
    private static let target = Option.value(
        "to", .directory, help: "where they go; made when it is not there")
    private static let dry = Option.flag("dry-run", help: "only say what would be moved")

    /// The shape of `millrace archive --json`.
    struct Answer: Codable, Sendable {
        /// Nil when there is nothing to move.
        var first: UInt64?
        var last: UInt64?
        /// What was journaled; nil with --dry-run.
        var archived: JournalArchived?
    }

    var command: Command {
        let registry = registry
        let clock = clock
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
                No daemon may run meanwhile.
                """,
            group: "Trust",
            examples: [
                .init("archive --before 365d --to /mnt/cold/mill", "what is older than a year"),
                .init("archive --before 365d --to /mnt/cold/mill --dry-run", "what that would be"),
            ],
            options: [
                ArchiveCommand.before, ArchiveCommand.target, ArchiveCommand.dry, Shared.json,
                Shared.workspace,
            ]
        ) { input in
            let layout = try Shared.layout(input)
            let reader = try Reading.journal(layout)
            guard let moment = input[ArchiveCommand.before],
                let target = input[ArchiveCommand.target]
            else {
                throw CommandFailure(
                    .usage, "say what is to be moved, and where",
                    advice: "'millrace archive --before 365d --to DIR'")
            }
            let sequence = try ArchiveCommand.sequence(moment, reader, clock())
            let records = try JournalArchive.candidates(in: layout.journal, before: sequence)
            var answer = Answer(first: records?.lowerBound, last: records?.upperBound)
            if !input[ArchiveCommand.dry] {
                let plugins = Reading.plugins(registry, in: layout)
                let folder = try ArchiveCommand.folder(FilePath(bytes: target), layout)
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
        guard let first = answer.first, let last = answer.last else {
            return ["nothing to move: no segment that is full lies wholly before that"]
        }
        return ["records \(first) to \(last) would be moved"]
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
        let taken = WorkspaceLayout.inputs.map { layout.root.appending($0) } + [layout.journal]
        for path in taken where (folder.bytes + [0x2F]).starts(with: path.bytes + [0x2F]) {
            throw CommandFailure(
                .usage, "\(path.description) is no place for an archive",
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
        return try JournalArchive.move(
            writer, in: layout.journal, before: sequence, to: folder
        ) { end throws(JournalError) in
            do { try maker.keep(at: end.sequence) } catch {
                throw .archive("the state at record \(end.sequence) cannot be kept: \(error)")
            }
        }
    }
}
