import Millrace
import Testing

@testable import Runtime

@Suite struct `An input that was refused` {
    private let path: WorkspacePath
    private let id = EventID(high: 1, low: 1)

    init() throws { path = try #require(WorkspacePath(escaped: "contracts/flights.yaml")) }

    private func event(_ payload: some EventPayload) throws -> Event {
        let draft = try EventDraft(payload, id: id, actor: .system)
        return Event(
            sequence: 1, id: id, type: draft.type, version: draft.version, subject: draft.subject,
            time: Timestamp(microseconds: 0), actor: .system, causation: nil, correlation: id,
            payload: draft.payload)
    }

    private func arrival(_ change: FileArrived.Change) throws -> Event {
        try event(
            FileArrived(
                change: change, path: path, previousPath: nil, size: 1,
                sha256: Digest(words: (1, 2, 3, 4)), uid: 0,
                identity: FileIdentity(
                    device: 1, inode: 2, modified: 3, changed: 4, gid: 5, mode: 6),
                area: Area(of: path)))
    }

    @Test func `is one until its file is changed, and not when that is touched`() throws {
        var record = FailureRecord()
        record.apply(
            try event(ContractRefused(dataset: "flights", path: path, problems: ["no rules"])))
        #expect(record.refusedInputs == ["\(path)": ["no rules"]])
        #expect(!record.isIndifferent(to: FileArrived.type))
        record.apply(try arrival(.touched))
        #expect(record.refusedInputs == ["\(path)": ["no rules"]])
        record.apply(try arrival(.changed))
        #expect(record.refusedInputs.isEmpty)
        #expect(record.isIndifferent(to: FileArrived.type))
    }
}
