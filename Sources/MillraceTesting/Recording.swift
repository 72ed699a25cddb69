import Synchronization

/// The world as it was after each batch of a story.
final class Recording: Sendable {
    struct Moment: Sendable {
        /// Events in the journal.
        let count: Int
        let world: MemoryWorld
    }

    private let world: MemoryWorld
    private let state = Mutex<[Moment]>([])

    init(_ world: MemoryWorld) { self.world = world }

    var moments: [Moment] { state.withLock { $0 } }

    func appended(upTo count: Int) {
        let moment = Moment(count: count, world: world.copy())
        state.withLock { $0.append(moment) }
    }
}
