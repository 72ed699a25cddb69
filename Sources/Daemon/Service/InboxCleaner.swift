import LinuxSystem
import Millrace
import Synchronization

/// Takes command files out of the inbox when they have been dealt with. The journal has them and their
/// answers; the files would only pile up.
final class InboxCleaner: Sendable {
    /// A command file, as it was when it was journaled.
    struct Letter: Codable, Sendable {
        var sequence: UInt64
        var id: EventID
        var path: WorkspacePath
        var identity: FileIdentity
    }

    private let layout: WorkspaceLayout
    /// By the sequence of the arrival.
    private let waiting = Mutex<[UInt64: Letter]>([:])

    /// - Parameter letters: the command files that lie there according to the journal; those that are
    ///   still to be dealt with say so in `pending`, the others are removed.
    init(_ layout: WorkspaceLayout, _ letters: [Letter], pending: Set<UInt64>) {
        self.layout = layout
        for letter in letters {
            if pending.contains(letter.sequence) {
                waiting.withLock { $0[letter.sequence] = letter }
            } else {
                remove(letter)
            }
        }
    }

    static func letter(_ event: Event) -> Letter? {
        guard event.subject.kind == "inbox", let file = event.payload(as: FileArrived.self) else {
            return nil
        }
        return Letter(
            sequence: event.sequence, id: event.id, path: file.path, identity: file.identity)
    }

    /// Takes a committed event into account. - Returns: the letters that have been dealt with.
    func committed(_ event: Event) -> [Letter] {
        if event.type == FileArrived.type, let letter = Self.letter(event) {
            waiting.withLock { $0[letter.sequence] = letter }
            return []
        }
        guard event.type == ReactionHandled.type, waiting.withLock({ !$0.isEmpty }),
            let mark = event.payload(as: ReactionHandled.self),
            mark.plugin == WorkspacePlugin.name.rawValue
        else { return [] }
        return waiting.withLock { waiting in
            mark.handled.compactMap { waiting.removeValue(forKey: $0) }
        }
    }

    /// The file that a command came in.
    func path(of cause: EventID?) -> WorkspacePath? {
        waiting.withLock { $0.values.first { $0.id == cause }?.path }
    }

    /// Removes a letter, unless another has been put in its place.
    func remove(_ letter: Letter) {
        let path = layout.path(of: letter.path)
        guard let there = (try? FileStatus.of(path)) ?? nil, there.inode == letter.identity.inode,
            there.changed == letter.identity.changed
        else { return }
        try? Files.unlink(path)
    }
}
