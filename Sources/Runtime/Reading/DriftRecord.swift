package import Millrace

/// The last measurement of drift for each model.
package struct DriftRecord: Projection {
    package static let types: [any EventPayload.Type] = [DriftMeasured.self]

    package struct Measurement: Sendable {
        package let measured: DriftMeasured
        package let time: Timestamp
        package let sequence: UInt64
    }

    package private(set) var models: [String: Measurement] = [:]

    package init() {}

    package mutating func apply(_ event: Event) {
        guard let measured = event.payload(as: DriftMeasured.self) else { return }
        models[measured.model] = Measurement(
            measured: measured, time: event.time, sequence: event.sequence)
    }
}
