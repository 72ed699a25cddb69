package import Journal
package import Millrace

/// Finds the facts that others rest on: which record took in a file, accepted it, made a model version,
/// let it into a stage. Nothing is kept for that: the journal's index leads to the records about a
/// subject, and the latest of them that is meant is the answer.
package struct EvidenceSearch {
    let reader: JournalReader
    /// Later records do not count.
    package let last: UInt64

    /// What a state knows already of where facts are.
    private let known: Known

    package struct Known {
        /// The settings in force.
        package var settings: UInt64 = 0
        package var contracts: [String: DatasetRegistry.Contract] = [:]

        package init() {}
    }

    package init(_ reader: JournalReader, upTo last: UInt64, _ known: Known = Known()) {
        self.reader = reader
        self.last = last
        self.known = known
    }

    /// The same for somebody to whom only the records up to one count.
    func upTo(_ sequence: UInt64) -> EvidenceSearch {
        EvidenceSearch(reader, upTo: min(sequence, last), known)
    }

    /// The record with this sequence; nil when there is none, or it does not count.
    package func event(_ sequence: UInt64) throws(JournalError) -> Event? {
        guard sequence > 0, sequence <= last, let record = try reader.record(sequence) else {
            return nil
        }
        return try reader.event(of: record)
    }

    /// Those of the records with these sequences that pass.
    func events(
        at sequences: Set<UInt64>, where isMeant: (Event) -> Bool
    ) throws(JournalError) -> [UInt64: Event] {
        var found: [UInt64: Event] = [:]
        var cursor: JournalCursor?
        for sequence in sequences.sorted() where sequence > 0 && sequence <= last {
            // Walking on to one that is near takes less than finding it.
            let isNear = cursor.map { cursor in
                cursor.position <= sequence && sequence - cursor.position <= EvidenceSearch.near
            }
            if isNear != true {
                cursor = try reader.cursor(from: sequence)
            }
            while let record = try cursor?.next(), record.sequence <= sequence {
                guard record.sequence == sequence else { continue }
                let event = try reader.event(of: record)
                if isMeant(event) { found[sequence] = event }
                break
            }
        }
        return found
    }

    private static let near: UInt64 = 64

    /// The latest event about a subject that is of one of some types and passes.
    package func latest(
        about subject: Subject, _ types: any EventPayload.Type...,
        where isMeant: (Event) -> Bool = { _ in true }
    ) throws(JournalError) -> Event? {
        var found: Event?
        try walkBack(subject, types) { event in
            if isMeant(event) { found = event }
            return found == nil
        }
        return found
    }

    /// All events about a subject that are of one of some types, in order.
    package func all(
        about subject: Subject, _ types: [any EventPayload.Type]
    ) throws(JournalError) -> [Event] {
        guard last > 0 else { return [] }
        return try events(with: .subject(subject), in: 1...last, Set(types.map { $0.type }))
    }

    // MARK: facts about files

    /// The facts about some bytes at a path.
    package struct FileFacts {
        package var accepted: Event?
        package var arrived: Event?
        var both: [Event] { [accepted, arrived].compactMap { $0 } }
    }

    package struct FileKey: Hashable {
        package let path: WorkspacePath
        package let sha256: Digest
    }

    /// What is known about the files of a dataset: one walk finds all of them.
    func facts(
        about files: Set<FileKey>, of dataset: String
    ) throws(JournalError) -> [FileKey: FileFacts] {
        var found: [FileKey: FileFacts] = [:]
        var open = files.count * 2
        guard open > 0 else { return [:] }
        try walkBack(.dataset(dataset), [FileArrived.self, DataAccepted.self]) { event in
            guard let key = EvidenceSearch.key(event), files.contains(key) else { return true }
            if event.type == FileArrived.type {
                guard found[key]?.arrived == nil else { return true }
                found[key, default: FileFacts()].arrived = event
            } else {
                guard found[key]?.accepted == nil else { return true }
                found[key, default: FileFacts()].accepted = event
            }
            open -= 1
            return open > 0
        }
        return found
    }

    /// The record that took in some bytes at a path.
    func arrival(_ path: WorkspacePath, _ sha256: Digest) throws(JournalError) -> Event? {
        let wanted = FileKey(path: path, sha256: sha256)
        return try latest(about: Area(of: path).subject, FileArrived.self) {
            EvidenceSearch.key($0) == wanted
        }
    }

    /// The last fact about a path: that it came, went, was accepted or was not.
    package func latest(about path: WorkspacePath) throws(JournalError) -> Event? {
        try latest(
            about: Area(of: path).subject, FileArrived.self, FileRemoved.self, FileRefused.self,
            DataAccepted.self, DataRejected.self
        ) { EvidenceSearch.path($0) == path }
    }

    private static func key(_ event: Event) -> FileKey? {
        let members =
            arrival(event)
            ?? event.members(of: DataAccepted.self)?.members("file")
        guard let members, let path = members.value("path", as: WorkspacePath.self),
            let sha256 = members.value("sha256", as: Digest.self)
        else { return nil }
        return FileKey(path: path, sha256: sha256)
    }

    /// Of one that brought something: who only touched a file gave it nothing.
    private static func arrival(_ event: Event) -> PayloadMembers? {
        let members = event.members(of: FileArrived.self)
        return members?.value("change") == FileArrived.Change.touched ? nil : members
    }

    private static func path(_ event: Event) -> WorkspacePath? {
        let members =
            arrival(event) ?? event.members(of: FileRemoved.self)
            ?? event.members(of: FileRefused.self) ?? event.members(of: DataRejected.self)
            ?? event.members(of: DataAccepted.self)?.members("file")
        return members?.value("path")
    }

    /// The record by which a contract with these bytes was in force when another one was written: the
    /// same contract may be accepted again later.
    func contract(
        _ digest: Digest, of dataset: Subject, before sequence: UInt64
    ) throws(JournalError) -> Event? {
        guard sequence > 0 else { return nil }
        if let contract = known.contracts[dataset.name], contract.digest == digest,
            contract.sequence < sequence
        {
            if memory.contract[dataset] == nil {
                memory.contract[dataset] = try event(contract.sequence)
            }
            return memory.contract[dataset]
        }
        func isMeant(_ event: Event) -> Bool {
            let members =
                event.members(of: ContractProposed.self) ?? event.members(of: ContractAccepted.self)
            return members?.value("contract") == digest
        }
        // Most drops of a dataset come after the same record: what was walked once is not again.
        guard var found = memory.contracts[digest], found.event.sequence < sequence,
            found.event.subject == dataset
        else {
            let event = try upTo(sequence - 1).latest(
                about: dataset, ContractProposed.self, ContractAccepted.self, where: isMeant)
            memory.contracts[digest] = event.map { ($0, through: sequence) }
            return event
        }
        if sequence > found.through {
            let types: Set = [ContractProposed.type, ContractAccepted.type]
            let later = try events(with: .subject(dataset), in: found.through...sequence - 1, types)
            found = (later.last(where: isMeant) ?? found.event, through: sequence)
            memory.contracts[digest] = found
        }
        return found.event
    }

    /// The settings in force when a record was written.
    func settings(at sequence: UInt64) throws(JournalError) -> Event? {
        if known.settings > 0, known.settings <= sequence { return try event(known.settings) }
        return try EvidenceSearch(reader, upTo: min(sequence, last))
            .latest(about: .workspace, SettingsAccepted.self)
    }

    // MARK: facts about models

    /// The latest event of a type about a model's version; and stage, if it names one.
    ///
    /// - Parameter type: that a version was made, judged, refused, decided about or deployed.
    package func latest(
        _ type: any EventPayload.Type, _ model: String, _ version: Int, stage: String? = nil
    ) throws(JournalError) -> Event? {
        try verdicts(model, version).first { event in
            event.type == type.type && event.isAbout(version: version, stage: stage)
        }
    }

    /// The numbers of a model's versions, in order.
    package func versions(of model: String) throws(JournalError) -> [Int] {
        try all(about: .model(model), [ModelVersionCreated.self]).compactMap {
            $0.members(of: ModelVersionCreated.self)?.value("version", as: Int.self)
        }.sorted()
    }

    /// What was said about a version, the latest first, back to where it was made.
    private func verdicts(_ model: String, _ version: Int) throws(JournalError) -> [Event] {
        let key = VersionKey(model: model, version: version)
        if let known = memory.verdicts[key] { return known }
        var found: [Event] = []
        try walkBack(
            .model(model),
            [
                ModelVersionCreated.self, GatesEvaluated.self, PromotionRefused.self,
                ApprovalDecided.self, DeploymentCompleted.self,
            ], naming: ("version", version)
        ) { event in
            guard event.isAbout(version: version, stage: nil) else { return true }
            found.append(event)
            return event.type != ModelVersionCreated.type
        }
        memory.verdicts[key] = found
        return found
    }

    private struct VersionKey: Hashable {
        let model: String
        let version: Int
    }

    /// What was found before.
    private final class Memory {
        var verdicts: [VersionKey: [Event]] = [:]
        /// By dataset: the contract in force.
        var contract: [Subject: Event] = [:]
        /// By its bytes: one that was, and up to where no later record is of the same.
        var contracts: [Digest: (event: Event, through: UInt64)] = [:]
    }

    private let memory = Memory()

    /// The measurement that found drift, of those that an event caused.
    func drift(causedBy cause: EventID, of correlation: EventID) throws(JournalError) -> Event? {
        guard last > 0 else { return nil }
        return try events(with: .correlation(correlation), in: 1...last, [DriftMeasured.type])
            .last { event in
                event.causation == cause
                    && event.members(of: DriftMeasured.self)?.value("drifted") == true
            }
    }

    // MARK: walking

    /// How many records the first step of a walk looks back over. Each next is four times as long.
    private static let stride: UInt64 = 8192

    /// Shows the events about a subject that are of some types, the latest first, until `body` says
    /// that it is enough.
    ///
    /// - Parameter member: those that have no such member with this number are passed over unread.
    func walkBack(
        _ subject: Subject, _ types: [any EventPayload.Type],
        naming member: (name: String, number: Int)? = nil, _ body: (Event) -> Bool
    ) throws(JournalError) {
        let types = Set(types.map { $0.type })
        var end = last
        var width = EvidenceSearch.stride
        while end > 0 {
            let start = end > width ? end - width + 1 : 1
            let found = try events(with: .subject(subject), in: start...end, types, member)
            for event in found.reversed() where !body(event) { return }
            end = start - 1
            width *= 4
        }
    }

    private func events(
        with key: IndexKey, in sequences: ClosedRange<UInt64>, _ types: Set<String>,
        _ member: (name: String, number: Int)? = nil
    ) throws(JournalError) -> [Event] {
        var events: [Event] = []
        let cursor = try reader.records(with: key, in: sequences)
        let wanted = types.map { Array($0.utf8) }
        let text = member.map { Array("\"\($0.name)\":\($0.number)".utf8) }
        while let record = try cursor.next() {
            guard record.withType({ type in wanted.contains { type.elementsEqual($0) } }) else {
                continue
            }
            if let text, !record.payloadMentions(text) { continue }
            events.append(try reader.event(of: record))
        }
        return events
    }
}

extension Event {
    /// Whether its payload is about this version of a model, and this stage.
    package func isAbout(version: Int, stage: String?) -> Bool {
        guard let payload = plainMembers, payload.value("version", as: Int.self) == version else {
            return false
        }
        return stage == nil || payload.value("stage", as: String.self) == stage
    }
}
