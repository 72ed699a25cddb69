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
        /// Attempts before an event becomes a dead letter.
        package var attempts = 5
        /// Milliseconds before the second attempt; it doubles each time.
        package var backoff: Int64 = 200
        package var backoffLimit: Int64 = 60_000
        /// Events of one plugin that wait in memory.
        package var waiting = 4096

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

    private struct Mailbox {
        var waiting: [Event] = []
        /// The events that the running reaction handles; empty when none runs.
        var running: [Event] = []
        var attempts = 0
        var isQueued = false
    }

    private struct Line {
        var plugin: RegisteredPlugin
        var mailboxes: [Subject: Mailbox] = [:]
        var waiting = 0
        /// From here on events were left in the journal, because too many were waiting.
        var leftAt: UInt64?
        var isRefilling = false
        var runningCount = 0
        /// Mailboxes that could run if the plugin had not as many running as it may.
        var held = Fifo<Subject>()
        /// The plugin is not there: from here on events were left in the journal.
        var goneSince: UInt64?
    }

    private var lines: [String: Line] = [:]
    /// Of the lines, in order, so that the same events give the same run.
    private var names: [String] = []
    /// Mailboxes that could run, the first first.
    private var ready = Fifo<Key>()
    /// The mailbox of each running reaction, by plugin and first sequence.
    private var running: [String: [UInt64: Subject]] = [:]
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
        for plugin in plugins { lines[plugin.name.rawValue] = Line(plugin: plugin) }
        names = lines.keys.sorted()
    }

    /// Takes other plugins and limits. What waits for a plugin that stays goes on waiting; for one
    /// that has gone it waits until it is there again.
    ///
    /// - Parameter head: the last sequence of the journal.
    package mutating func reconfigure(plugins: [RegisteredPlugin], limits: Limits, head: UInt64) {
        self.limits = limits
        for plugin in plugins {
            let name = plugin.name.rawValue
            lines[name, default: Line(plugin: plugin)].plugin = plugin
            guard let since = lines[name]?.goneSince else { continue }
            lines[name]?.goneSince = nil
            let left = lines[name]?.leftAt ?? since
            if since <= head { lines[name]?.leftAt = min(left, since) }
        }
        self.names = lines.keys.sorted()
        // There may be more places now; those that are still too many are held again.
        for name in self.names {
            while lines[name]?.held.isEmpty == false { releaseHeld(name) }
        }
        let names = Set(plugins.map(\.name.rawValue))
        for name in lines.keys where !names.contains(name) && lines[name]?.goneSince == nil {
            lines[name]?.goneSince = head + 1
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
        guard let line = lines[plugin], line.leftAt == nil, !line.isRefilling,
            line.goneSince == nil
        else { return }
        accept(event, to: plugin, attempts: attempts)
    }

    /// An event that had been left in the journal was read again.
    /// - Parameter head: the last sequence of the journal.
    /// - Returns: false when the reading can end: all is here, or memory is full again.
    package mutating func refill(_ event: Event, to plugin: String, head: UInt64) -> Bool {
        accept(event, to: plugin, attempts: 0)
        guard let line = lines[plugin] else { return false }
        if line.leftAt != nil || event.sequence >= head {
            lines[plugin]?.isRefilling = false
            return false
        }
        return true
    }

    private mutating func accept(_ event: Event, to plugin: String, attempts: Int) {
        guard var line = lines[plugin], line.plugin.reacts(to: event) else { return }
        if line.waiting >= limits.waiting {
            line.leftAt = min(line.leftAt ?? event.sequence, event.sequence)
            lines[plugin] = line
            return
        }
        line.waiting += 1
        line.mailboxes[event.subject, default: Mailbox()].waiting.append(event)
        if attempts > 0, line.mailboxes[event.subject]?.waiting.count == 1 {
            line.mailboxes[event.subject]?.attempts = attempts
        }
        lines[plugin] = line
        enqueue(Key(plugin: plugin, subject: event.subject))
    }

    /// The reaction's batch is in the journal.
    package mutating func handled(_ plugin: String, _ sequences: [UInt64]) {
        settle(plugin, sequences)
    }

    /// The event was set aside: the mailbox goes on with the next.
    package mutating func deadLettered(_ plugin: String, _ sequences: [UInt64]) {
        settle(plugin, sequences)
    }

    /// The machine was out of something: no fault of the reaction, which is tried again every second
    /// until there is room.
    package mutating func starved(_ key: Key, at now: Timestamp) {
        guard var mailbox = lines[key.plugin]?.mailboxes[key.subject],
            let first = mailbox.running.first
        else { return }
        running[key.plugin]?[first.sequence] = nil
        mailbox.waiting.insert(contentsOf: mailbox.running, at: 0)
        lines[key.plugin]?.waiting += mailbox.running.count
        mailbox.running = []
        lines[key.plugin]?.mailboxes[key.subject] = mailbox
        retrying[key] = now.advanced(bySeconds: 1)
        ended(key.plugin)
    }

    /// The reaction failed. - Parameter jitter: 0 to 1, spreads the waits of many.
    package mutating func failed(
        _ key: Key, at now: Timestamp, retryable: Bool, jitter: Double
    ) -> Verdict {
        guard var mailbox = lines[key.plugin]?.mailboxes[key.subject], !mailbox.running.isEmpty
        else { return .deadLetter }
        mailbox.attempts += 1
        if !retryable || mailbox.attempts >= limits.attempts {
            lines[key.plugin]?.mailboxes[key.subject] = mailbox
            return .deadLetter
        }
        let doublings = min(mailbox.attempts - 1, 20)
        let wait = min(limits.backoff << doublings, limits.backoffLimit)
        let at = now.advanced(bySeconds: Double(wait) / 1000 * (0.5 + min(max(jitter, 0), 1)))
        mailbox.waiting.insert(contentsOf: mailbox.running, at: 0)
        lines[key.plugin]?.waiting += mailbox.running.count
        if let first = mailbox.running.first {
            running[key.plugin]?[first.sequence] = nil
        }
        mailbox.running = []
        retrying[key] = at
        lines[key.plugin]?.mailboxes[key.subject] = mailbox
        ended(key.plugin)
        return .retry(at: at)
    }

    /// The reading ended before it reached the head: it goes on from here.
    package mutating func refillEnded(_ plugin: String, before sequence: UInt64) {
        guard lines[plugin]?.isRefilling == true else { return }
        lines[plugin]?.isRefilling = false
        lines[plugin]?.leftAt = sequence
    }

    /// Nothing new is started from here on.
    package mutating func drain() { isDraining = true }

    // MARK: what to do

    /// The next thing to do, or nil when there is nothing now.
    package mutating func next(at now: Timestamp) -> Action? {
        for name in names {
            guard let line = lines[name] else { continue }
            guard let from = line.leftAt, !line.isRefilling, line.goneSince == nil,
                line.waiting <= limits.waiting / 2
            else { continue }
            lines[name]?.leftAt = nil
            lines[name]?.isRefilling = true
            return .refill(plugin: name, from: from)
        }
        guard !isDraining, suspects.isEmpty || runningCount == 0 else { return nil }
        while let key = ready.removeFirst() {
            if let action = start(key, at: now) { return action }
        }
        return nil
    }

    private mutating func start(_ key: Key, at now: Timestamp) -> Action? {
        guard var mailbox = lines[key.plugin]?.mailboxes[key.subject] else { return nil }
        if let line = lines[key.plugin],
            line.goneSince != nil || line.runningCount >= limit(of: line.plugin)
        {
            lines[key.plugin]?.held.append(key.subject)
            return nil
        }
        mailbox.isQueued = false
        let mustWait = (retrying[key] ?? now) > now
        guard mailbox.running.isEmpty, !mustWait, let first = mailbox.waiting.first else {
            lines[key.plugin]?.mailboxes[key.subject] = mailbox
            releaseHeld(key.plugin)
            return nil
        }
        retrying[key] = nil
        let taken = coalescible(first, mailbox.waiting, lines[key.plugin]?.plugin)
        mailbox.running = Array(mailbox.waiting.prefix(taken))
        mailbox.waiting.removeFirst(taken)
        lines[key.plugin]?.mailboxes[key.subject] = mailbox
        lines[key.plugin]?.waiting -= taken
        running[key.plugin, default: [:]][first.sequence] = key.subject
        lines[key.plugin]?.runningCount += 1
        runningCount += 1
        return .run(key, events: mailbox.running, attempt: mailbox.attempts + 1)
    }

    /// How many events at the head of a mailbox one call may stand for.
    private func coalescible(
        _ first: Event, _ waiting: [Event], _ plugin: RegisteredPlugin?
    ) -> Int {
        let reactions =
            plugin?.reactions.filter {
                $0.matches(type: first.type, subjectKind: first.subject.kind)
            } ?? []
        guard !reactions.isEmpty, reactions.allSatisfy(\.coalesces) else { return 1 }
        return waiting.prefix { $0.type == first.type }.count
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
            enqueue(key)
        }
    }

    /// Nothing runs and nothing waits, not even for a retry.
    package var isIdle: Bool {
        runningCount == 0
            && lines.values.allSatisfy {
                $0.goneSince != nil || $0.waiting == 0 && $0.leftAt == nil
            }
    }

    /// How many reactions run.
    package var inFlight: Int { runningCount }

    /// What runs and what failed of a plugin, and the time of its oldest event that is not done.
    func standing(of plugin: String) -> (inFlight: Int, retrying: Int, oldest: Timestamp?) {
        guard let line = lines[plugin] else { return (0, 0, nil) }
        let heads = line.mailboxes.values.compactMap { $0.running.first ?? $0.waiting.first }
        return (
            line.runningCount, retrying.keys.count { $0.plugin == plugin },
            heads.map(\.time).min()
        )
    }

    // MARK: inside

    private func limit(of plugin: RegisteredPlugin) -> Int {
        min(limits.concurrency, plugin.concurrency ?? limits.concurrency)
    }

    /// A reaction of the plugin has ended: another may have its place.
    private mutating func ended(_ plugin: String) {
        runningCount -= 1
        lines[plugin]?.runningCount -= 1
        releaseHeld(plugin)
    }

    /// Puts one mailbox that was held back into the line again.
    private mutating func releaseHeld(_ plugin: String) {
        guard let subject = lines[plugin]?.held.removeFirst() else { return }
        ready.append(Key(plugin: plugin, subject: subject))
    }

    private mutating func enqueue(_ key: Key) {
        guard var mailbox = lines[key.plugin]?.mailboxes[key.subject], !mailbox.isQueued,
            mailbox.running.isEmpty, !mailbox.waiting.isEmpty
        else { return }
        mailbox.isQueued = true
        lines[key.plugin]?.mailboxes[key.subject] = mailbox
        ready.append(key)
    }

    private mutating func settle(_ plugin: String, _ sequences: [UInt64]) {
        if suspects[plugin] != nil {
            suspects[plugin]?.subtract(sequences)
            if suspects[plugin]?.isEmpty == true { suspects[plugin] = nil }
        }
        guard let first = sequences.first,
            let subject = running[plugin]?.removeValue(forKey: first),
            var mailbox = lines[plugin]?.mailboxes[subject]
        else { return }
        mailbox.running = []
        mailbox.attempts = 0
        ended(plugin)
        if mailbox.waiting.isEmpty {
            lines[plugin]?.mailboxes[subject] = nil
        } else {
            lines[plugin]?.mailboxes[subject] = mailbox
            enqueue(Key(plugin: plugin, subject: subject))
        }
    }
}
