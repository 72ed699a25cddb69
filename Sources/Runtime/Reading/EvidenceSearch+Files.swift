package import Journal
package import Millrace

extension EvidenceSearch {
    /// What became of a file that arrived: that it was accepted, refused, received. Of a fact that is no
    /// arrival, itself.
    package func outcome(of fact: Event) throws(JournalError) -> Event {
        guard fact.type == FileArrived.type else { return fact }
        return try reader.events(correlation: fact.correlation).last { event in
            event.causation == fact.id && event.sequence <= last
                && EvidenceSearch.outcomes.contains(event.type)
        } ?? fact
    }

    /// The arrival that a fact about a file came of; the fact itself, where it came of none. All that
    /// followed, followed from there.
    package func origin(of fact: Event) throws(JournalError) -> Event {
        guard EvidenceSearch.outcomes.contains(fact.type) else { return fact }
        return try reader.events(correlation: fact.correlation).last { event in
            event.id == fact.causation && event.type == FileArrived.type
        } ?? fact
    }

    private static let outcomes: Set<String> = [
        DataAccepted.type, DataRejected.type, ContractAccepted.type, ContractRefused.type,
        SettingsAccepted.type, SettingsRefused.type, CommandReceived.type, CommandRefused.type,
    ]
}
