package import Millrace

/// The last measurement of drift for each model.
package struct DriftRecord: Projection {
    package static let types: [any EventPayload.Type] = [DriftMeasured.self]

    package struct Measurement: Sendable {
        package let measured: DriftMeasured
        package let time: Timestamp
        package let sequence: UInt64
    }

    private var last: [String: LastEvent<DriftMeasured>] = [:]

    package init() {}

    package var models: [String: Measurement] {
        last.compactMapValues { event in
            event.payload.map {
                Measurement(measured: $0, time: event.time, sequence: event.sequence)
            }
        }
    }

    package mutating func apply(_ event: Event) {
        guard let measured = LastEvent<DriftMeasured>(event) else { return }
        last[event.subject.name] = measured
    }
}
