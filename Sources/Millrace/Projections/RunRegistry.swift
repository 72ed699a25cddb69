/// What was asked to train, what trains, and what came of it, for each pipeline.
public struct RunRegistry: Projection {
    public static let types: [any EventPayload.Type] = [
        TrainingRequested.self, TrainingDeferred.self, RunStarted.self, RunCompleted.self,
        RunFailed.self,
    ]

    public struct Run: Sendable, Codable {
        public let started: RunStarted
        /// The id of the `run.started` event.
        public let id: EventID
        public let time: Timestamp
        public var completed: RunCompleted?
        public var failed: RunFailed?
        public var ended: Timestamp?

        public var isRunning: Bool { completed == nil && failed == nil }
    }

    public struct Activity: Sendable, Codable {
        public let pipeline: String
        /// The last ones by their number: no more than `runLimit`.
        public fileprivate(set) var runs: [Int: Run] = [:]
        fileprivate var request: LastEvent<TrainingRequested>?
        fileprivate var deferral: LastEvent<TrainingDeferred>?

        public var lastRequest: TrainingRequested? { request?.payload }
        public var lastRequestTime: Timestamp? { request?.time }
        public var lastDeferral: TrainingDeferred? { deferral?.payload }
        /// What the last request led to instead of a run; nil while that is open, and after a run.
        public fileprivate(set) var refusal: TrainingDeferred?
        /// What waits for the end of a cool-down since the last request.
        public fileprivate(set) var putOff: TrainingDeferred?
        fileprivate var requestID: EventID?

        /// One of which nothing is known yet.
        public init(pipeline: String) { self.pipeline = pipeline }

        public var latest: Int { runs.keys.max() ?? 0 }
        public var running: [Run] {
            runs.values.filter(\.isRunning).sorted { $0.started.run < $1.started.run }
        }
    }

    public private(set) var pipelines: [String: Activity] = [:]

    /// How many runs of a pipeline are remembered.
    public static let runLimit = 20

    public init() {}

    public mutating func apply(_ event: Event) {
        let name = event.subject.name
        // Changed in place.
        pipelines[name, default: Activity(pipeline: name)].apply(event)
    }
}

extension RunRegistry.Activity {
    fileprivate mutating func apply(_ event: Event) {
        if let deferred = LastEvent<TrainingDeferred>(event) {
            deferral = deferred
            if event.causation == requestID { refusal = deferred.payload }
            if event.mayHave("until", of: TrainingDeferred.self),
                event.members(of: TrainingDeferred.self)?.has("until") == true
            {
                putOff = deferred.payload
            }
        } else if let requested = LastEvent<TrainingRequested>(event) {
            request = requested
            requestID = event.id
            refusal = nil
            putOff = nil
        } else if let started = event.payload(as: RunStarted.self) {
            runs[started.run] = RunRegistry.Run(started: started, id: event.id, time: event.time)
            while runs.count > RunRegistry.runLimit, let oldest = runs.keys.min() {
                runs[oldest] = nil
            }
        } else if let completed = event.payload(as: RunCompleted.self) {
            runs[completed.run]?.completed = completed
            runs[completed.run]?.ended = event.time
        } else if let failed = event.payload(as: RunFailed.self) {
            runs[failed.run]?.failed = failed
            runs[failed.run]?.ended = event.time
        }
    }
}
