import Journal
import LinuxSystem
import Millrace
import Runtime

/// What became of a command in the inbox, as far as the journal says.
struct InboxAnswer: Sendable {
    enum State: String, Codable, Sendable {
        /// Nobody has taken it yet.
        case waiting
        /// It is journaled, and nothing has answered yet.
        case received
        /// Something followed from it, or everybody who could answer has passed it over.
        case answered
        /// It is no command.
        case refused
    }

    private(set) var state = State.waiting
    /// Everything that goes back to it, without marks.
    private(set) var events: [Event] = []
    /// The last record that was looked at.
    private(set) var sequence: UInt64 = 0
    private let path: WorkspacePath
    private var root: EventID?
    private var received: UInt64?

    init(_ path: WorkspacePath) { self.path = path }

    /// What followed from the command itself.
    var effects: [Event] {
        events.filter { ![FileArrived.type, CommandReceived.type].contains($0.type) }
    }

    /// A stage is about to be switched or a training to begin, and that has not been seen yet.
    var isUnderWay: Bool {
        let types = Set(events.map(\.type))
        if types.contains(TrainingRequested.type) {
            return types.isDisjoint(with: [RunStarted.type, TrainingDeferred.type])
        }
        return isSwitching
    }

    private var isSwitching: Bool {
        events.contains { $0.type == DeploymentPlanned.type }
            && !events.contains {
                [DeploymentCompleted.type, PromotionRefused.type].contains($0.type)
            }
    }

    mutating func apply(_ event: Event) {
        sequence = event.sequence
        if root == nil, let file = event.payload(as: FileArrived.self), file.path == path {
            root = event.id
        }
        guard let root, event.correlation == root else { return }
        switch event.type {
        case CommandReceived.type:
            received = event.sequence
            state = .received
        case CommandRefused.type: state = .refused
        case ReactionHandled.type, ReactionDeadLettered.type:
            // The mark of the last one in the batch: what the reaction emitted came before it.
            if let received, hasDealt(event, with: received) { state = .answered }
        case DeadLetterResolved.type, CommandDeclined.type, JournalArchived.type,
            VaultCollected.type:
            state = .answered
        default: break
        }
        if !RuntimeMarks.types.contains(event.type) { events.append(event) }
    }

    private func hasDealt(_ event: Event, with sequence: UInt64) -> Bool {
        event.payload(as: ReactionHandled.self)?.handled.contains(sequence)
            ?? event.payload(as: ReactionDeadLettered.self)?.sequences.contains(sequence) ?? false
    }

    /// Follows the journal until `isEnough`, or until the time is over. Blocks the calling thread.
    mutating func wait(
        _ reader: JournalReader, from sequence: UInt64, seconds: Double,
        isEnough: (InboxAnswer) -> Bool
    ) throws {
        let follower = try reader.follower(from: sequence)
        let end = monotonicNanoseconds() + Int64(min(max(seconds, 0), 1e6) * 1e9)
        while !isEnough(self) {
            let left = (end - monotonicNanoseconds()) / 1_000_000
            guard left > 0, let batch = try follower.next(milliseconds: Int(left)) else { return }
            for event in batch { apply(event) }
        }
    }
}
