/// What was asked to train, what trains, and what came of it, for each pipeline.
public struct RunRegistry: Projection {
    public static let types: [any EventPayload.Type] = [
        TrainingRequested.self, TrainingDeferred.self, RunStarted.self, RunCompleted.self,
        RunFailed.self,
    ]

    public struct Run: Sendable {
        public let started: RunStarted
        /// The id of the `run.started` event.
        public let id: EventID
        public let time: Timestamp
        public var completed: RunCompleted?
        public var failed: RunFailed?
        public var ended: Timestamp?

        public var isRunning: Bool { completed == nil && failed == nil }
    }

    public struct Activity: Sendable {
        public let pipeline: String
        public var runs: [Int: Run] = [:]
        public var lastRequest: TrainingRequested?
        public var lastRequestTime: Timestamp?
        public var lastDeferral: TrainingDeferred?

        /// One of which nothing is known yet.
        public init(pipeline: String) { self.pipeline = pipeline }

        public var latest: Int { runs.keys.max() ?? 0 }
        public var running: [Run] {
            runs.values.filter(\.isRunning).sorted { $0.started.run < $1.started.run }
        }
    }

    public private(set) var pipelines: [String: Activity] = [:]

    public init() {}

    public mutating func apply(_ event: Event) {
        let name = event.subject.name
        var activity = pipelines[name] ?? Activity(pipeline: name)
        if let requested = event.payload(as: TrainingRequested.self) {
            activity.lastRequest = requested
            activity.lastRequestTime = event.time
        } else if let deferred = event.payload(as: TrainingDeferred.self) {
            activity.lastDeferral = deferred
        } else if let started = event.payload(as: RunStarted.self) {
            activity.runs[started.run] = Run(started: started, id: event.id, time: event.time)
        } else if let completed = event.payload(as: RunCompleted.self) {
            activity.runs[completed.run]?.completed = completed
            activity.runs[completed.run]?.ended = event.time
        } else if let failed = event.payload(as: RunFailed.self) {
            activity.runs[failed.run]?.failed = failed
            activity.runs[failed.run]?.ended = event.time
        }
        pipelines[name] = activity
    }
}
