import Millrace

/// Where the merged profile of each pipeline's reference window lies.
struct ReferenceProfiles: Projection {
    static let types: [any EventPayload.Type] = [DriftMeasured.self]

    /// By pipeline: the last measurement, which is read when somebody asks.
    private var measured: [String: LastEvent<DriftMeasured>] = [:]

    mutating func apply(_ event: Event) {
        guard let last = LastEvent<DriftMeasured>(event) else { return }
        measured[event.subject.name] = last
    }

    /// The last one; nil when there is none yet.
    func last(for pipeline: String) -> DriftMeasured.Reference? {
        measured[pipeline]?.payload?.reference
    }
}
