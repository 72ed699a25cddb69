import Millrace

/// The state of one program between its start and its end. Pure: it is told what the program said and
/// what time it is (monotonic milliseconds), and answers with what to do.
struct ExternalConversation {
    enum Step: Equatable {
        /// Send the event that waits.
        case sendEvent
        case sendPing(Int64)
        /// The event is handled, or not.
        case answer([ExternalEvent])
        case refuse(String, retryable: Bool)
        case note(String)
        /// It does not speak as it should: end it.
        case end(String)
        case nothing
    }

    private enum Phase: Equatable {
        case greeting(until: Int64)
        case resting
        case pinging(Int64, until: Int64)
        case working
    }

    private var phase: Phase
    private var hasEvent = false
    private var lastWord: Int64
    private var lastNote: Int64 = .min
    private var pings: Int64 = 0

    /// The greeting has been sent.
    init(at now: Int64) {
        phase = .greeting(until: now + ExternalProtocol.greetingMilliseconds)
        lastWord = now
    }

    /// When its patience ends; nil when nothing is waited for. What it may take for an event is known
    /// to the runtime.
    var deadline: Int64? {
        switch phase {
        case .greeting(let until), .pinging(_, let until): until
        case .resting, .working: nil
        }
    }

    /// It can be given an event.
    var isFree: Bool { !hasEvent }

    /// It had an event, or owed an answer, when it was last heard.
    var isWorking: Bool { phase == .working }

    /// There is an event for it.
    mutating func offer(at now: Int64) -> Step {
        hasEvent = true
        guard phase == .resting else { return .nothing }
        guard now - lastWord > ExternalProtocol.restMilliseconds else {
            phase = .working
            return .sendEvent
        }
        pings += 1
        phase = .pinging(pings, until: now + ExternalProtocol.pongMilliseconds)
        return .sendPing(pings)
    }

    /// It said something.
    mutating func heard(_ word: ExternalProtocol.Word, at now: Int64) -> Step {
        lastWord = now
        switch (phase, word) {
        case (.greeting, .hello(let version)):
            guard version == ExternalProtocol.version else {
                return .end(
                    "it speaks protocol \(version), this daemon \(ExternalProtocol.version)")
            }
            return goOn()
        case (.pinging(let number, _), .pong(let answer)) where number == answer: return goOn()
        case (.working, .events(let events)):
            (phase, hasEvent) = (.resting, false)
            return .answer(events)
        case (.working, .error(let text, let retryable)):
            (phase, hasEvent) = (.resting, false)
            return .refuse(text, retryable: retryable)
        case (.working, .progress(let fraction, let doing)):
            // A program that says much must not fill the log.
            guard lastNote == .min || now - lastNote >= 1000 else { return .nothing }
            lastNote = now
            return .note((fraction.map { "\(Int($0 * 100)) % " } ?? "") + doing)
        default: return .end("it said something that nobody had asked for")
        }
    }

    private mutating func goOn() -> Step {
        guard hasEvent else {
            phase = .resting
            return .nothing
        }
        phase = .working
        return .sendEvent
    }

    /// Time went by.
    func waited(at now: Int64) -> Step {
        guard let deadline, now >= deadline else { return .nothing }
        let what = if case .greeting = phase { "greet" } else { "answer a ping" }
        return .end("it did not \(what) within 10 seconds")
    }
}
