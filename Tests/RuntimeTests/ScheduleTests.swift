import Millrace
import Runtime
import Testing

/// A clock that is set at will, and a journal of what the schedule gave out.
private struct Clockwork {
    var machine: ScheduleStateMachine
    var record = ScheduleRecord()
    var sequence: UInt64 = 0
    let settings: WorkspaceSettings
    private(set) var given: [ScheduleDue] = []

    init(_ entries: [String: ScheduleEntry], at start: Timestamp) throws {
        var settings = WorkspaceSettings()
        settings.schedule = entries
        self.settings = settings
        machine = Clockwork.machine(settings)
        try journal(
            SettingsAccepted(sha256: Digest(words: (0, 0, 0, 0)), settings: settings),
            at: start)
    }

    static func machine(_ settings: WorkspaceSettings) -> ScheduleStateMachine {
        ScheduleStateMachine(
            settings.schedule.compactMapValues { entry in
                try? entry.times { (name: String) throws(ReactionError) in
                    throw ReactionError("no zone \(name)")
                }
            })
    }

    mutating func journal<P: EventPayload>(_ payload: P, at now: Timestamp) throws {
        sequence += 1
        let id = EventID(high: 0, low: sequence)
        record.apply(
            Event(
                sequence: sequence, id: id, type: P.type, version: P.version,
                subject: payload.subject, time: now, actor: .system, causation: nil,
                correlation: id, payload: try JSONValue(encoding: payload).bytes))
    }

    /// The clock shows this: what is due is journaled, unless the process dies first.
    @discardableResult
    mutating func look(_ time: String, dies: Bool = false) throws -> [ScheduleDue] {
        let now = try #require(Timestamp(parsing: time))
        let due = machine.due(at: now, record).entries
        if dies {
            restart()
            return []
        }
        #expect(
            machine.due(at: now, record).entries.isEmpty, "given out twice before it is journaled")
        for entry in due { try journal(entry, at: now) }
        given += due
        return due
    }

    mutating func restart() { machine = Clockwork.machine(settings) }

    func next() throws -> Timestamp? {
        machine.nextDue(record)
    }
}

@Suite struct ScheduleTests {
    private static func entry(
        _ cron: String = "", every: Int64 = 0, missed: ScheduleEntry.Missed = .once,
        retrain: String = ""
    ) -> ScheduleEntry {
        var entry = ScheduleEntry()
        entry.cron = cron
        entry.every = .seconds(every)
        entry.missed = missed
        entry.retrain = retrain
        return entry
    }

    private static func clockwork(_ entry: ScheduleEntry) throws -> Clockwork {
        try Clockwork(["a": entry], at: try #require(Timestamp(parsing: "2026-03-03T00:00:00Z")))
    }

    @Test func `what is due is given out once, and the timer is set to the next`() throws {
        var clock = try ScheduleTests.clockwork(ScheduleTests.entry("0 * * * *", retrain: "p"))
        #expect(
            try clock.next() == Timestamp(parsing: "2026-03-03T01:00:00Z"))
        #expect(try clock.look("2026-03-03T00:59:59.999Z").isEmpty)
        let due = try clock.look("2026-03-03T01:00:00Z")
        #expect(due.map(\.due) == [Timestamp(parsing: "2026-03-03T01:00:00Z")])
        #expect(due.first?.retrain == "p")
        #expect(due.first?.missed == 0)
        #expect(try clock.look("2026-03-03T01:00:00.1Z").isEmpty)
        #expect(
            try clock.next() == Timestamp(parsing: "2026-03-03T02:00:00Z"))
    }

    @Test func `what was missed while down fires once, with its number, or is skipped`() throws {
        for missed in [ScheduleEntry.Missed.once, .skip] {
            var clock = try ScheduleTests.clockwork(
                ScheduleTests.entry("0 * * * *", missed: missed))
            try clock.look("2026-03-03T01:00:00Z")
            clock.restart()
            let due = try clock.look("2026-03-03T09:30:00Z")
            if missed == .once {
                #expect(due.map(\.due) == [Timestamp(parsing: "2026-03-03T09:00:00Z")])
                #expect(due.map(\.missed) == [7])
            } else {
                #expect(due.isEmpty)
                // A restart of a few seconds misses nothing.
                clock.restart()
                #expect(try clock.look("2026-03-03T10:00:20Z").count == 1)
            }
            #expect(
                try clock.next().map {
                    $0 >= Timestamp(parsing: "2026-03-03T10:00:00Z") ?? $0
                } == true)
        }
    }

    @Test func `a death between giving out and journaling neither loses nor doubles it`() throws {
        var clock = try ScheduleTests.clockwork(ScheduleTests.entry(every: 3600))
        try clock.look("2026-03-03T01:00:00Z", dies: true)
        #expect(
            try clock.look("2026-03-03T01:00:07Z").map(\.due) == [
                Timestamp(parsing: "2026-03-03T01:00:00Z")
            ])
        clock.restart()
        #expect(try clock.look("2026-03-03T01:00:09Z").isEmpty)
    }

    @Test func `a clock that is set forward fires once, and set back fires nothing twice`() throws {
        var clock = try ScheduleTests.clockwork(ScheduleTests.entry("0 * * * *"))
        try clock.look("2026-03-03T01:00:00Z")
        #expect(try clock.look("2026-03-03T06:10:00Z").map(\.missed) == [4])
        // Back by four hours: what was due in them was seen to.
        #expect(try clock.look("2026-03-03T02:10:00Z").isEmpty)
        #expect(try clock.look("2026-03-03T03:00:00Z").isEmpty)
        #expect(
            try clock.next() == Timestamp(parsing: "2026-03-03T07:00:00Z"))
        #expect(try clock.look("2026-03-03T07:00:00Z").map(\.missed) == [0])
    }

    @Test func `a clock that was years ahead by mistake does not silence the schedule`() throws {
        var clock = try ScheduleTests.clockwork(ScheduleTests.entry("0 * * * *"))
        #expect(try clock.look("2036-01-01T00:30:00Z").map(\.missed) == [1000])
        #expect(try clock.look("2026-03-03T05:30:00Z").isEmpty)
        #expect(
            try clock.next() == Timestamp(parsing: "2026-03-03T06:00:00Z"))
        #expect(try clock.look("2026-03-03T06:00:00Z").count == 1)
        #expect(try clock.look("2026-03-03T06:00:01Z").isEmpty)
    }

    @Test func `any walk of clock, deaths and restarts gives each moment at most once`() throws {
        for seed in UInt64(1)...15 {
            var random = seed
            func draw(_ bound: UInt64) -> UInt64 {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (random >> 33) % bound
            }
            var clock = try ScheduleTests.clockwork(ScheduleTests.entry("*/10 * * * *"))
            let start = try #require(Timestamp(parsing: "2026-03-03T00:00:00Z"))
            var now = 0.0
            var furthest = 0.0
            for _ in 0..<60 {
                switch draw(8) {
                case 0: now = max(0, furthest - 80_000, now - Double(draw(40_000)))
                case 1: now += Double(draw(40_000))
                case 2: clock.restart()
                default: now += Double(draw(700))
                }
                furthest = max(furthest, now)
                try clock.look("\(start.advanced(bySeconds: now))", dies: draw(6) == 0)
            }
            try clock.look("\(start.advanced(bySeconds: furthest))")
            let dues = clock.given.map(\.due)
            #expect(Set(dues).count == dues.count, "seed \(seed)")
            #expect(dues == dues.sorted(), "seed \(seed)")
            // Each moment up to the furthest time was given or counted as missed, none was lost.
            let seen = clock.given.count + clock.given.map(\.missed).reduce(0, +)
            #expect(seen == Int(furthest / 600), "seed \(seed)")
        }
    }

    @Test func `an entry begins when it comes into force, and goes on through other changes`()
        throws
    {
        var clock = try ScheduleTests.clockwork(ScheduleTests.entry("0 * * * *"))
        var settings = clock.settings
        settings.schedule["a"]?.retrain = "p"
        settings.schedule["b"] = ScheduleTests.entry("30 * * * *")
        let later = try #require(Timestamp(parsing: "2026-03-03T05:45:00Z"))
        try clock.journal(
            SettingsAccepted(sha256: Digest(words: (1, 0, 0, 0)), settings: settings),
            at: later)
        #expect(clock.record.entries["a"]?.settled == Timestamp(parsing: "2026-03-03T00:00:00Z"))
        #expect(clock.record.entries["b"]?.settled == later)
        settings.schedule["a"]?.cron = "1 * * * *"
        try clock.journal(
            SettingsAccepted(sha256: Digest(words: (2, 0, 0, 0)), settings: settings),
            at: later)
        #expect(clock.record.entries["a"]?.settled == later)
    }
}
