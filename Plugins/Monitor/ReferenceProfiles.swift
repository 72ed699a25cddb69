import Millrace

/// Where the merged profile of each pipeline's reference window lies.
struct ReferenceProfiles: Projection {
    static let types: [any EventPayload.Type] = [DriftMeasured.self]

    private var references: [String: DriftMeasured.Reference] = [:]

    mutating func apply(_ event: Event) {
        guard let measured = event.payload(as: DriftMeasured.self) else { return }
        references[measured.model] = measured.reference
    }

    /// Nil when it has to be merged from its files.
    func profile(of dataset: Digest, for pipeline: String) -> Digest? {
        references[pipeline].flatMap { $0.dataset == dataset ? $0.profile : nil }
    }
}
