import Daemon
import Journal
import LinuxSystem
import Millrace

/// What the journal of a workspace has, followed from another process than the daemon's.
final class JournalReading {
    private let follower: JournalFollower
    fileprivate(set) var events: [Event] = []

    fileprivate init(_ directory: FilePath) throws {
        follower = try JournalReader(directory: directory).follower()
    }

    /// Takes what comes within a time. - Returns: whether something came.
    fileprivate func take(milliseconds: Int) throws -> Bool {
        guard let batch = try follower.next(milliseconds: milliseconds) else { return false }
        events += batch
        return true
    }
}

/// An event with its payload.
struct Fact<P: EventPayload> {
    let event: Event
    let payload: P
}

extension Workspace {
    private var journal: JournalReading {
        get throws {
            if let reading { return reading }
            try Files.makeDirectories(layout.journal, mode: 0o700)
            let new = try JournalReading(layout.journal)
            reading = new
            return new
        }
    }

    /// Everything that is in the journal now.
    var events: [Event] {
        get throws {
            let journal = try journal
            while try journal.take(milliseconds: 0) {}
            return journal.events
        }
    }

    /// The types of what happened after a mark, without the journal's own notes of how far it is on
    /// the disk.
    func types(after mark: UInt64 = 0) throws -> [String] {
        try events.filter { $0.sequence > mark && $0.type != "journal.watermark" }.map(\.type)
    }

    /// The last sequence in the journal now; what is waited for comes after it.
    var mark: UInt64 { get throws { try events.last?.sequence ?? 0 } }

    /// All events of a type, in order.
    func facts<P: EventPayload>(_ type: P.Type, after mark: UInt64 = 0) throws -> [Fact<P>] {
        try Workspace.facts(type, in: try events, after: mark)
    }

    private static func facts<P: EventPayload>(
        _ type: P.Type, in events: [Event], after mark: UInt64
    ) throws -> [Fact<P>] {
        try events.filter { $0.sequence > mark && $0.type == P.type }.map {
            Fact(event: $0, payload: try $0.decode(P.self))
        }
    }

    /// The first event of a type after a mark for which the condition holds, waiting for it as long
    /// as the daemon lives.
    @discardableResult
    func wait<P: EventPayload>(
        for type: P.Type, after mark: UInt64 = 0, where condition: (P) -> Bool = { _ in true }
    ) throws -> Fact<P> {
        let journal = try journal
        let deadline = monotonicNanoseconds() + Workspace.patience * 1_000_000
        var seen = mark
        while true {
            for fact in try Workspace.facts(type, in: journal.events, after: seen)
            where condition(fact.payload) {
                return fact
            }
            seen = max(seen, journal.events.last?.sequence ?? 0)
            if try journal.take(milliseconds: 200) { continue }
            guard isRunning else {
                // What it wrote last may just have come.
                if try journal.take(milliseconds: 0) { continue }
                throw Trouble("the daemon ended before \(type.type) came: \(logTail)")
            }
            guard monotonicNanoseconds() < deadline else {
                throw Trouble("\(type.type) did not come: \(logTail)")
            }
        }
    }

    /// Waits until so many events came, or the time is over.
    func waitForEvents(_ count: Int, milliseconds: Int64) throws {
        let journal = try journal
        let deadline = monotonicNanoseconds() + milliseconds * 1_000_000
        let wanted = try events.count + count
        while journal.events.count < wanted {
            let left = (deadline - monotonicNanoseconds()) / 1_000_000
            guard left > 0 else { return }
            _ = try journal.take(milliseconds: Int(left))
        }
    }
}

extension Workspace {
    /// What each plugin handled twice, by its name: nothing, ever.
    func handledTwice() throws -> [String] {
        var seen: Set<String> = []
        var twice: [String] = []
        for fact in try facts(ReactionHandled.self) {
            for sequence in fact.payload.handled {
                let key = "\(fact.payload.plugin) #\(sequence)"
                if !seen.insert(key).inserted { twice.append(key) }
            }
        }
        return twice
    }

    /// The events of these types that did not cause exactly one of the others, in words.
    func notExactlyOnce<A: EventPayload, B: EventPayload>(
        _ cause: A.Type, _ effect: B.Type
    ) throws -> [String] {
        let effects = try facts(effect)
        return try facts(cause).compactMap { fact in
            let count = effects.count { $0.event.causation == fact.event.id }
            return count == 1 ? nil : "#\(fact.event.sequence) \(A.type): \(count) \(B.type)"
        }
    }
}
