package import Millrace

/// Decides which reaction runs when. Pure: it is told what happened and answers with what to do.
///
/// Each plugin has a mailbox for each subject. The events of a mailbox are handled one after the other
/// in the order of the journal; different mailboxes side by side, up to a limit. What does not fit
/// in memory waits in the journal, where it already is.
package struct DeliveryStateMachine: Sendable {
    package struct Limits: Sendable {
        /// Reactions of one plugin that run at the same time, so that a slow one delays no other.
        package var concurrency = 4
        /// Reactions of one plugin that are done and whose batches are on the way to the disk, beside
        /// those that run: what waits for the disk takes no other's place.
        package var committing = 64
        /// Attempts before an event becomes a dead letter.
        package var attempts = 5
        /// Milliseconds before the second attempt; it doubles each time.
        package var backoff: Int64 = 200
        package var backoffLimit: Int64 = 60_000
        /// Events of one plugin that wait in memory.
        package var waiting = 4096
        /// Bytes of their payloads, about.
        package var waitingBytes = 16 << 20

        package init() {}
    }

    package struct Key: Hashable, Sendable {
        package let plugin: String
        package let subject: Subject
    }

    package enum Action: Sendable {
        /// Run the plugin's reaction to these events, which are one unless it coalesces.
        case run(Key, events: [Event], attempt: Int)
        /// Read the journal again from this sequence for this plugin, and offer what it reacts to.
        case refill(plugin: String, from: UInt64)
    }

    /// What to do about a reaction that failed.
    package enum Verdict: Equatable, Sendable {
        case retry(at: Timestamp)
        case deadLetter
    }

    private struct Line {
        var plugin: RegisteredPlugin
        var mailboxes: [Subject: Mailbox] = [:]
        /// The mailbox of each running reaction, by its first sequence.
        var running: [UInt64: Subject] = [:]
        var waiting = 0
        var waitingBytes = 0
        /// From here on events were left in the journal, because too many were waiting.
        var leftAt: UInt64?
        var isRefilling = false
        /// Reactions that have a place.
        var placed = 0
        var committing = 0
        /// Mailboxes that could run if the plugin had not as many running as it may.
        var held = Fifo<Subject>()
        /// The plugin is not there: from here on events were left in the journal.
        var goneSince: UInt64?

        init(_ plugin: RegisteredPlugin) { self.plugin = plugin }
    }

    // Changed in place, never taken out and put back: a mailbox with much in it is not copied.
    private var lines: [Line] = []
    /// Of the lines, by the plugin's name.
    private var places: [String: Int] = [:]
    /// The lines by their plugins' names, so that the same events give the same run.
    private var order: [Int] = []
    /// Mailboxes that could run, the first first.
    private var ready = Fifo<Key>()
    /// Mailboxes whose head failed, and when it is tried again.
    private var retrying: [Key: Timestamp] = [:]
    private var runningCount = 0
    /// Reactions that ran when the process died. Until they are settled nothing runs beside another,
    /// so that the next death has one culprit.
    private var suspects: [String: Set<UInt64>] = [:]
    private var isDraining = false
    package var limits: Limits

    package init(plugins: [RegisteredPlugin], limits: Limits) {
        self.limits = limits
        for plugin in plugins { place(of: plugin) }
    }

    /// Its line, which is made when there is none.
    @discardableResult
    private mutating func place(of plugin: RegisteredPlugin) -> Int {
        let name = plugin.name.rawValue
        if let place = places[name] {
            lines[place].plugin = plugin
            return place
        }
        places[name] = lines.count
        lines.append(Line(plugin))
        order = places.sorted { $0.key < $1.key }.map(\.value)
        return lines.count - 1
    }

    /// Takes other plugins and limits. What waits for a plugin that stays goes on waiting; for one
    /// that has gone it waits until it is there again.
    ///
    /// - Parameter head: the last sequence of the journal.
    package mutating func reconfigure(plugins: [RegisteredPlugin], limits: Limits, head: UInt64) {
        self.limits = limits
        for plugin in plugins {
            let place = place(of: plugin)
            guard let since = lines[place].goneSince else { continue }
            lines[place].goneSince = nil
            let left = lines[place].leftAt ?? since
            if since <= head { lines[place].leftAt = min(left, since) }
        }
        // There may be more places now; those that are still too many are held again.
        for place in order {
            while !lines[place].held.isEmpty { releaseHeld(place) }
        }
        let names = Set(plugins.map(\.name.rawValue))
        for place in order
        where !names.contains(lines[place].plugin.name.rawValue) && lines[place].goneSince == nil {
            lines[place].goneSince = head + 1
        }
    }

    // MARK: what happens

    /// The process died while a reaction to this event ran.
    package mutating func suspect(_ plugin: String, _ sequence: UInt64) {
        suspects[plugin, default: []].insert(sequence)
    }

    /// An event was appended. `attempts` counts the failed ones of before a restart.
    package mutating func offer(_ event: Event, to plugin: String, attempts: Int = 0) {
        // While older ones are read from the journal, and once something was left there, what is new
        // is left there too: order is kept by reading it again.
        guard let place = places[plugin], lines[place].leftAt == nil, !lines[place].isRefilling,
            lines[place].goneSince == nil
        else { return }
        accept(event, at: place, attempts: attempts)
    }

    /// An event that had been left in the journal was read again.
    /// - Parameter head: the last sequence of the journal.
    /// - Returns: false when the reading can end: all is here, or memory is full again.
    package mutating func refill(_ event: Event, to plugin: String, head: UInt64) -> Bool {
        guard let place = places[plugin] else { return false }
        accept(event, at: place, attempts: 0)
        if lines[place].leftAt != nil || event.sequence >= head {
            lines[place].isRefilling = false
            return false
        }
        return true
    }

    private mutating func accept(_ event: Event, at place: Int, attempts: Int) {
        guard lines[place].plugin.reacts(to: event) else { return }
        if lines[place].waiting >= limits.waiting
            || lines[place].waitingBytes >= limits.waitingBytes
        {
            lines[place].leftAt = min(lines[place].leftAt ?? event.sequence, event.sequence)
            return
        }
        count([event], at: place, +1)
        lines[place].mailboxes[event.subject, default: Mailbox()]
            .accept(event, attempts: attempts)
        enqueue(event.subject, at: place)
    }

    /// The reaction's batch is in the journal. - Returns: the mailbox, when it ran.
    @discardableResult
    package mutating func handled(_ plugin: String, _ sequences: [UInt64]) -> Key? {
        settle(plugin, sequences)
    }

    /// The event was set aside: the mailbox goes on with the next.
    package mutating func deadLettered(_ plugin: String, _ sequences: [UInt64]) {
        settle(plugin, sequences)
    }

    /// The reaction has done its work, and its batch is on the way to the disk: another may run in its
    /// place. Where only one may run it keeps it, so that each sees what the one before did.
    package mutating func committing(_ key: Key) {
        guard let place = places[key.plugin], limit(at: place) > 1,
            lines[place].mailboxes[key.subject]?.running.isEmpty == false
        else { return }
        lines[place].mailboxes[key.subject]?.isCommitting = true
        lines[place].committing += 1
        lines[place].placed -= 1
        releaseHeld(place)
    }

    /// The machine was out of something: no fault of the reaction, which is tried again every second
    /// until there is room.
    package mutating func starved(_ key: Key, at now: Timestamp) {
        guard let place = places[key.plugin],
            lines[place].mailboxes[key.subject]?.running.isEmpty == false
        else { return }
        putBack(key, at: place, until: now.advanced(bySeconds: 1))
    }

    /// The reaction failed. - Parameter jitter: 0 to 1, spreads the waits of many.
    package mutating func failed(
        _ key: Key, at now: Timestamp, retryable: Bool, jitter: Double
    ) -> Verdict {
        guard let place = places[key.plugin], let mailbox = lines[place].mailboxes[key.subject],
            !mailbox.running.isEmpty
        else { return .deadLetter }
        let attempts = mailbox.attempts + 1
        lines[place].mailboxes[key.subject]?.attempts = attempts
        if !retryable || attempts >= limits.attempts { return .deadLetter }
        let doublings = min(attempts - 1, 20)
        let wait = min(limits.backoff << doublings, limits.backoffLimit)
        let at = now.advanced(bySeconds: Double(wait) / 1000 * (0.5 + min(max(jitter, 0), 1)))
        putBack(key, at: place, until: at)
        return .retry(at: at)
    }

    /// What ran waits at the head of its mailbox again.
    private mutating func putBack(_ key: Key, at place: Int, until moment: Timestamp) {
        guard let events = lines[place].mailboxes[key.subject]?.putBack(), let first = events.first
        else { return }
        count(events, at: place, +1)
        lines[place].running[first.sequence] = nil
        retrying[key] = moment
        ended(key.subject, at: place)
    }

    /// The reading ended before it reached the head: it goes on from here.
    package mutating func refillEnded(_ plugin: String, before sequence: UInt64) {
        guard let place = places[plugin], lines[place].isRefilling else { return }
        lines[place].isRefilling = false
        lines[place].leftAt = sequence
    }

    /// Nothing new is started from here on.
    package mutating func drain() { isDraining = true }

    // MARK: what to do

    /// The next thing to do, or nil when there is nothing now.
    package mutating func next(at now: Timestamp) -> Action? {
        for place in order {
            guard let from = lines[place].leftAt, !lines[place].isRefilling,
                lines[place].goneSince == nil, lines[place].waiting <= limits.waiting / 2,
                lines[place].waitingBytes <= limits.waitingBytes / 2
            else { continue }
            lines[place].leftAt = nil
            lines[place].isRefilling = true
            return .refill(plugin: lines[place].plugin.name.rawValue, from: from)
        }
        guard !isDraining, suspects.isEmpty || runningCount == 0 else { return nil }
        while let key = ready.removeFirst() {
            if let action = start(key, at: now) { return action }
        }
        return nil
    }

    private mutating func start(_ key: Key, at now: Timestamp) -> Action? {
        guard let place = places[key.plugin], lines[place].mailboxes[key.subject] != nil else {
            return nil
        }
        let limit = limit(at: place)
        if lines[place].goneSince != nil || lines[place].placed >= limit
            || lines[place].placed + lines[place].committing >= limit + limits.committing
        {
            lines[place].held.append(key.subject)
            return nil
        }
        lines[place].mailboxes[key.subject]?.isQueued = false
        let mustWait = retrying.isEmpty ? false : (retrying[key] ?? now) > now
        let plugin = lines[place].plugin
        let taken =
            mustWait ? [] : lines[place].mailboxes[key.subject]?.take(for: plugin) ?? []
        guard let first = taken.first else {
            releaseHeld(place)
            return nil
        }
        if !retrying.isEmpty { retrying[key] = nil }
        count(taken, at: place, -1)
        lines[place].running[first.sequence] = key.subject
        lines[place].placed += 1
        runningCount += 1
        let attempts = lines[place].mailboxes[key.subject]?.attempts ?? 0
        return .run(key, events: taken, attempt: attempts + 1)
    }

    /// The earliest moment at which a retry is due; nil when none waits.
    package var nextDue: Timestamp? { retrying.values.min() }

    /// Puts the mailboxes whose wait is over into the line.
    package mutating func wake(at now: Timestamp) {
        let due = retrying.filter { $0.value <= now }.sorted {
            ($0.value, $0.key.plugin, $0.key.subject.description)
                < ($1.value, $1.key.plugin, $1.key.subject.description)
        }
        for key in due.map(\.key) {
            // What is due and still waits for its place sets no timer.
            retrying[key] = nil
            if let place = places[key.plugin] { enqueue(key.subject, at: place) }
        }
    }

    /// Nothing runs and nothing waits, not even for a retry.
    package var isIdle: Bool {
        runningCount == 0
            && lines.allSatisfy { $0.goneSince != nil || $0.waiting == 0 && $0.leftAt == nil }
    }

    /// How many reactions run, or wait for the disk.
    package var inFlight: Int { runningCount }

    /// What runs and what failed of a plugin, and the time of its oldest event that is not done.
    func standing(of plugin: String) -> (inFlight: Int, retrying: Int, oldest: Timestamp?) {
        guard let line = places[plugin].map({ lines[$0] }) else { return (0, 0, nil) }
        let heads = line.mailboxes.values.compactMap { $0.running.first ?? $0.waiting.first }
        return (
            line.placed + line.committing, retrying.keys.count { $0.plugin == plugin },
            heads.map(\.time).min()
        )
    }

    // MARK: inside

    /// Some wait in memory now, or do not any more.
    private mutating func count(_ events: [Event], at place: Int, _ sign: Int) {
        lines[place].waiting += sign * events.count
        lines[place].waitingBytes += sign * events.reduce(0) { $0 + $1.payload.count }
    }

    private func limit(at place: Int) -> Int {
        min(limits.concurrency, lines[place].plugin.concurrency ?? limits.concurrency)
    }

    /// A reaction has ended: another may have its place.
    private mutating func ended(_ subject: Subject, at place: Int) {
        runningCount -= 1
        if lines[place].mailboxes[subject]?.isCommitting == true {
            lines[place].mailboxes[subject]?.isCommitting = false
            lines[place].committing -= 1
        } else {
            lines[place].placed -= 1
        }
        releaseHeld(place)
    }

    /// Puts one mailbox that was held back into the line again.
    private mutating func releaseHeld(_ place: Int) {
        guard let subject = lines[place].held.removeFirst() else { return }
        ready.append(Key(plugin: lines[place].plugin.name.rawValue, subject: subject))
    }

    private mutating func enqueue(_ subject: Subject, at place: Int) {
        guard lines[place].mailboxes[subject]?.queue() == true else { return }
        ready.append(Key(plugin: lines[place].plugin.name.rawValue, subject: subject))
    }

    @discardableResult
    private mutating func settle(_ plugin: String, _ sequences: [UInt64]) -> Key? {
        if !suspects.isEmpty, suspects[plugin] != nil {
            suspects[plugin]?.subtract(sequences)
            if suspects[plugin]?.isEmpty == true { suspects[plugin] = nil }
        }
        guard let first = sequences.first, let place = places[plugin],
            let subject = lines[place].running.removeValue(forKey: first)
        else { return nil }
        ended(subject, at: place)
        if lines[place].mailboxes[subject]?.settle() == true {
            lines[place].mailboxes[subject] = nil
        } else {
            enqueue(subject, at: place)
        }
        return Key(plugin: plugin, subject: subject)
    }
}
