import Testing

@testable import Millrace

/// What a projection is told of a payload without decoding it.
struct PayloadMembersTests {
    private func event(_ payload: String, version: Int = TrainingDeferred.version) -> Event {
        let id = EventID(high: 1, low: 1)
        return Event(
            sequence: 1, id: id, type: TrainingDeferred.type, version: version,
            subject: .pipeline("p"), time: Timestamp(microseconds: 0), actor: .system,
            causation: nil, correlation: id, payload: Array(payload.utf8))
    }

    /// Of a member that is there nobody is told that it cannot be, however it is written.
    @Test(arguments: [
        #"{"until":1}"#, #"{"a":{"until":null}}"#, #"{"a":"ü\n","until":2}"#,
        #"{"\u0075ntil":3}"#, " {\n\"until\" : 4 }", #"{"reason":"say \"x\"","until":5}"#,
    ])
    func `a member that is there may be there`(_ payload: String) {
        #expect(event(payload).mayHave("until", of: TrainingDeferred.self))
    }

    @Test(arguments: [
        "{}", #"{"reason":"until then"}"#, #"{"untill":1,"unti":2}"#, #"{"a":"ü"}"#, "", "\"until",
    ])
    func `what does not name it cannot have it`(_ payload: String) {
        #expect(!event(payload).mayHave("until", of: TrainingDeferred.self))
    }

    @Test func `an older layout may have it under another name`() {
        #expect(event("{}", version: 0).mayHave("until", of: TrainingDeferred.self))
        #expect(!event(#"{"until":1}"#).mayHave("until", of: RunStarted.self))
    }
}
