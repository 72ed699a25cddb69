import Millrace
import Testing

@testable import Daemon

@Suite struct ExternalProtocolTests {
    private static func read(_ text: String) throws -> ExternalProtocol.Word {
        try ExternalProtocol.read(Array(text.utf8)[...])
    }

    @Test func `what a program says is understood`() throws {
        #expect(try Self.read(#"{"hello": {"protocol": 1}}"#) == .hello(version: 1))
        #expect(try Self.read(#"{"hello": {}}"#) == .hello(version: 0))
        #expect(try Self.read(#"{"pong": 7}"#) == .pong(7))
        #expect(
            try Self.read(#"{"progress": {"fraction": 7, "doing": "much"}}"#)
                == .progress(fraction: 1, doing: "much"))
        #expect(try Self.read(#"{"error": "no"}"#) == .error("no", retryable: true))
        #expect(
            try Self.read(#"{"error": "no", "retryable": false}"#) == .error("no", retryable: false)
        )
        #expect(try Self.read(#"{"events": []}"#) == .events([]))
        #expect(
            try Self.read(#"{"events": [{"type": "a.b", "subject": "x/y", "data": {"n": 1}}]}"#)
                == .events([
                    ExternalEvent(type: "a.b", subject: Subject("x", "y"), data: ["n": 1])
                ]))
    }

    @Test(arguments: [
        "", "hello", "{", "[]", "{}", #"{"events": {}}"#, #"{"events": [1]}"#,
        #"{"events": [{"type": "a.b"}]}"#, #"{"events": [{"type": "a.b", "data": 1}]}"#,
        #"{"events": [{"type": "a.b", "data": {}, "subject": ""}]}"#, "\u{0}", #"{"error": 1}"#,
        "{\"events\": [" + String(repeating: "{},", count: 1001) + "{}]}",
    ])
    func `what makes no sense is refused and never traps`(text: String) {
        #expect(throws: (any Error).self) { try Self.read(text) }
    }

    @Test func `an event names the bytes of every digest in it`() throws {
        let digest = String(repeating: "ab", count: 32)
        let event = Event(
            sequence: 5, id: EventID(high: 1, low: 2), type: "a.b", version: 1,
            subject: .dataset("flights"), time: Timestamp(microseconds: 0), actor: .user(3),
            causation: nil, correlation: EventID(high: 1, low: 2),
            payload: Array(
                #"{"deep": [{"sha256": "\#(digest)"}], "unknown": "\#(digest.dropLast(2))ff"}"#.utf8
            ))
        let line = try ExternalProtocol.event(
            ExternalRequest(
                plugin: "p", settings: ExternalPlugin(), events: [event], attempt: 2)
        ) { $0.hex == digest ? "/vault/x" : nil }
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(!line.dropLast().contains(UInt8(ascii: "\n")))
        let value = try JSONValue(parsing: Array(line))
        #expect(value["files"] == [digest: "/vault/x"])
        #expect(value["attempt"] == 2)
        #expect(value["event"]?["subject"] == "dataset/flights")
        #expect(value["event"]?["sequence"] == 5)
        #expect(value["events"] == nil)
    }
}

@Suite struct ExternalConversationTests {
    @Test func `an event waits for the greeting and is answered once`() {
        var talk = ExternalConversation(at: 0)
        #expect(talk.offer(at: 1) == .nothing)
        #expect(talk.heard(.hello(version: 1), at: 2) == .sendEvent)
        #expect(talk.deadline == nil)
        #expect(talk.heard(.progress(fraction: 0.5, doing: "half"), at: 3) == .note("50 % half"))
        #expect(talk.heard(.progress(fraction: nil, doing: "more"), at: 4) == .nothing)
        #expect(talk.heard(.events([]), at: 5) == .answer([]))
        #expect(talk.isFree)
        if case .end = talk.heard(.events([]), at: 6) {
        } else {
            Issue.record("a second answer was taken")
        }
    }

    @Test func `another version, and silence instead of a greeting, end it`() {
        var talk = ExternalConversation(at: 0)
        if case .end = talk.heard(.hello(version: 2), at: 1) {} else { Issue.record("taken") }
        let silent = ExternalConversation(at: 0)
        #expect(silent.waited(at: 9_999) == .nothing)
        if case .end = silent.waited(at: 10_000) {} else { Issue.record("waited for ever") }
    }

    @Test func `after a rest it is asked whether it is there before it gets an event`() {
        var talk = ExternalConversation(at: 0)
        #expect(talk.heard(.hello(version: 1), at: 1) == .nothing)
        #expect(talk.offer(at: 60_002) == .sendPing(1))
        #expect(talk.heard(.pong(1), at: 60_003) == .sendEvent)
        #expect(
            talk.heard(.error("no", retryable: false), at: 60_004)
                == .refuse("no", retryable: false))
        #expect(talk.offer(at: 60_005) == .sendEvent)
        #expect(talk.heard(.events([]), at: 60_006) == .answer([]))
        #expect(talk.offer(at: 130_000) == .sendPing(2))
        if case .end = talk.waited(at: 140_000) {} else { Issue.record("waited for ever") }
    }

    @Test func `no order of words traps or leaves an event without an end`() {
        let words: [ExternalProtocol.Word] = [
            .hello(version: 1), .pong(1), .progress(fraction: 0, doing: ""), .events([]),
            .error("no", retryable: true),
        ]
        // Every sequence of six words, with an event offered at every place.
        for code in 0..<(5 * 5 * 5 * 5 * 5 * 5) {
            for place in 0..<6 {
                var talk = ExternalConversation(at: 0)
                var rest = code
                var open = 0
                for index in 0..<6 {
                    if index == place {
                        open += 1
                        _ = talk.offer(at: 100_000)
                    }
                    let step = talk.heard(words[rest % 5], at: 100_000)
                    rest /= 5
                    switch step {
                    case .answer, .refuse: open -= 1
                    case .end: open = 0
                    default: continue
                    }
                    #expect(open >= 0)
                    if case .end = step { break }
                }
            }
        }
    }
}
