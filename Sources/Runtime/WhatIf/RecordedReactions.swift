import Journal
import Millrace

/// What a first pass over the journal remembers of it: the outcomes of jobs, and which reactions
/// began before something else was journaled that they therefore did not see.
struct RecordedReactions {
    /// By the record after which the state was taken: the marks of the reactions that took it.
    private(set) var begunEarly: [UInt64: [UInt64]] = [:]
    private(set) var memories: ProjectionSet
    /// Records in all.
    private(set) var last: UInt64 = 0

    init(_ reader: JournalReader, _ registry: PluginRegistry) throws {
        func memory<J: Job>(_: J.Type) -> any Projection.Type { J.Memory.self }
        memories = ProjectionSet(registry.types.flatMap { $0.jobs.map { memory($0) } })
        let cursor = try reader.cursor()
        let types = memories.types
        var batchStart: UInt64 = 1
        while let record = try cursor.next() {
            last = record.sequence
            if record.batchIndex == 1 { batchStart = record.sequence }
            if record.isType("reaction.handled") {
                let mark = try cursor.event(of: record).members(of: ReactionHandled.self)
                guard let observed = mark?.value("observed", as: UInt64.self),
                    observed < batchStart - 1
                else { continue }
                begunEarly[observed, default: []].append(record.sequence)
            } else if types.contains(cursor.type(of: record)) {
                memories.apply(try cursor.event(of: record))
            }
        }
    }
}
