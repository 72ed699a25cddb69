import Millrace

/// What waits for a plugin about one subject, and what it is doing about it.
struct Mailbox: Sendable {
    private(set) var waiting = Fifo<Event>()
    /// The events that the running reaction handles; empty when none runs.
    private(set) var running: [Event] = []
    var attempts = 0
    /// It has its place in the line of those that could run.
    var isQueued = false
    /// The reaction is done, has given its place away, and its batch is on the way to the disk.
    var isCommitting = false

    mutating func accept(_ event: Event, attempts failed: Int) {
        waiting.append(event)
        if failed > 0, waiting.count == 1 { attempts = failed }
    }

    /// Whether it gets a place in the line now: it could run, and did not have one.
    mutating func queue() -> Bool {
        guard !isQueued, running.isEmpty, !waiting.isEmpty else { return false }
        isQueued = true
        return true
    }

    /// The events at its head that one call may stand for, which run from now on.
    mutating func take(for plugin: RegisteredPlugin) -> [Event] {
        guard running.isEmpty, let first = waiting.removeFirst() else { return [] }
        running = [first]
        if plugin.coalesces(first) {
            while waiting.first?.type == first.type, let next = waiting.removeFirst() {
                running.append(next)
            }
        }
        return running
    }

    /// What ran waits at the head again. - Returns: what that is.
    mutating func putBack() -> [Event] {
        defer { running = [] }
        waiting.putBack(running)
        return running
    }

    /// What ran is done. - Returns: whether nothing is left.
    mutating func settle() -> Bool {
        running = []
        attempts = 0
        return waiting.isEmpty
    }
}
