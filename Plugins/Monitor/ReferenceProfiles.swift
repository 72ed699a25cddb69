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

    /// Nil when it has to be merged from its files.
    func profile(of dataset: Digest, for pipeline: String) -> Digest? {
        measured[pipeline]?.payload?.reference.flatMap { $0.dataset == dataset ? $0.profile : nil }
    }
}
