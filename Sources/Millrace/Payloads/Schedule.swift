/// An entry of the schedule is due.
public struct ScheduleDue: EventPayload {
    public static let type = "schedule.due"

    /// The entry's name in the settings.
    public var name: String
    /// The moment that it was due; when several were missed, the last of them.
    public var due: Timestamp
    /// How many due moments before that one went by unseen, up to a thousand.
    public var missed: Int
    /// The pipeline that is asked to train; nil for none.
    public var retrain: String?

    public var subject: Subject { Subject("schedule", name) }

    public var summary: String {
        "due \(due.description.prefix(19))Z"
            + (missed > 0 ? ", with \(count(missed, "time")) missed before it" : "")
            + (retrain.map { ": \($0) is to be trained" } ?? "")
    }

    public init(name: String, due: Timestamp, missed: Int = 0, retrain: String? = nil) {
        self.name = name
        self.due = due
        self.missed = missed
        self.retrain = retrain
    }
}

/// The cool-down of a pipeline is over, and something is waiting for that.
public struct CoolDownEnded: EventPayload {
    public static let type = "cooldown.ended"

    public var pipeline: String
    /// When it was over.
    public var due: Timestamp

    public var subject: Subject { .pipeline(pipeline) }

    public var summary: String { "what was put off is looked at again" }

    public init(pipeline: String, due: Timestamp) {
        self.pipeline = pipeline
        self.due = due
    }
}
