import Millrace

/// Everything that `millrace status` says, and the shape of `millrace status --json`: members are
/// only ever added. Times are RFC 3339 in UTC, digests SHA-256 in hexadecimal.
struct StatusReport: Codable, Sendable {
    /// The folder.
    var workspace: String
    /// The last record that counted.
    var sequence: UInt64
    var time: Timestamp?
    /// Left out for a moment of the past.
    var daemon: DaemonState?
    var datasets: [DatasetState]
    var pipelines: [PipelineState]
    var schedule: [ScheduleState]
    var failures: Failures
    var plugins: [PluginState]

    struct DaemonState: Codable, Sendable {
        var running: Bool
        var pid: Int32?
        var program: String?
        var host: String?
        var since: Timestamp?
        /// It waits for room on a full disk since then; nil when it does not.
        var diskFullSince: Timestamp?
        /// Why and when it ended in good order.
        var stopReason: String?
        var stoppedAt: Timestamp?
        /// It does not run, and did not say that it ends.
        var crashed: Bool
        /// What it wrote last about itself; nil when it writes no metrics.
        var metrics: Metrics?

        struct Metrics: Codable, Sendable {
            var time: Timestamp
            /// Since it started, by type.
            var events: [String: Int]
            var files: Int
            var fileBytes: Int
            var journalBytes: Int
            var journalWritable: Bool
            var watchedFolders: Int
            var scannedFolders: Int
            /// Nil until it has counted them.
            var vaultObjects: Int?
            var vaultBytes: Int?
        }
    }

    struct DatasetState: Codable, Sendable {
        var name: String
        /// Nil before the first drop was accepted.
        var version: Int?
        var digest: Digest?
        var rows: Int
        var files: Int
        /// Drops, since the beginning.
        var accepted: Int
        var rejected: Int
        var contract: Contract?
        var lastRejection: Rejection?

        struct Contract: Codable, Sendable {
            var digest: Digest
            /// Made from the data, and nobody has edited it.
            var proposed: Bool
        }

        struct Rejection: Codable, Sendable {
            var path: WorkspacePath
            var time: Timestamp
            var summary: String
            /// The folder with the file and its report.
            var quarantine: WorkspacePath
        }
    }

    /// One entry of the schedule.
    struct ScheduleState: Codable, Sendable {
        var name: String
        /// When, in words.
        var rule: String
        /// The pipeline that is asked to train.
        var retrain: String?
        /// The last due moment that gave an event.
        var lastDue: Timestamp?
        /// The first due moment that did not yet; in the past while the daemon does not run. Nil when
        /// its time zone cannot be read.
        var nextDue: Timestamp?
    }

    struct PluginState: Codable, Sendable {
        var name: String
        /// Reacts to events from this record on; nil before its first start.
        var from: UInt64?
        var lastHandled: UInt64
        /// Events that wait for it.
        var pending: Int
        var handled: Int
        /// Failed attempts, since the beginning.
        var failures: Int
        var deadLetters: Int
        /// Of all reactions.
        var meanMilliseconds: Double?
        var slowestMilliseconds: Double?
        /// What half of the reactions, and 99 of 100, kept within, as near as buckets say.
        var medianMilliseconds: Double?
        var p99Milliseconds: Double?
        /// Age of the oldest event that waits for it, where no daemon runs at the last record; nil when
        /// none does.
        var lagSeconds: Double?
        /// Reactions that ran when the daemon wrote last; nil when it does not run.
        var inFlight: Int?
        /// Events that failed and wait to be tried again.
        var retrying: Int
        /// Times that the process died while it reacted.
        var interruptions: Int
        var lastError: LastError?

        struct LastError: Codable, Sendable {
            /// The event that it could not handle.
            var sequence: UInt64
            var error: String
            var time: Timestamp
            /// It was set aside, not tried again.
            var final: Bool
        }
    }

    struct Failures: Codable, Sendable {
        var deadLetters: [DeadLetter]
        var retrying: [Retry]
        var refusedFiles: [RefusedFile]
        var degradedWatches: [DegradedWatch]
        /// Stages that do not lead to their live version, where a daemon runs.
        var wrongStages: [WrongStage]
        /// Settings and contracts that were refused; the ones before them are in force.
        var refusedInputs: [RefusedInput]
        /// Chains of causes that were cut because plugins set each other off.
        var cutChains: Int

        var isEmpty: Bool {
            deadLetters.isEmpty && retrying.isEmpty && refusedFiles.isEmpty
                && degradedWatches.isEmpty && wrongStages.isEmpty && refusedInputs.isEmpty
                && cutChains == 0
        }

        struct DeadLetter: Codable, Sendable {
            var plugin: String
            /// The event that could not be handled.
            var sequence: UInt64
            var attempts: Int
            var error: String
            var time: Timestamp
        }

        struct Retry: Codable, Sendable {
            var plugin: String
            var sequence: UInt64
            var attempt: Int
            var error: String
            var retryAt: Timestamp
        }

        struct RefusedFile: Codable, Sendable {
            var path: WorkspacePath
            var reason: String
        }

        struct RefusedInput: Codable, Sendable {
            var path: String
            var problems: [String]
        }

        struct WrongStage: Codable, Sendable {
            var model: String
            var stage: String
            /// The one that is live by the journal.
            var version: Int
            var finding: String
        }

        struct DegradedWatch: Codable, Sendable {
            var part: String
            var reason: String
            var intervalSeconds: Double
        }
    }
}

extension StatusReport {
    struct PipelineState: Codable, Sendable {
        var name: String
        /// Nil for a model whose pipeline is no longer in the settings.
        var dataset: String?
        /// In the order of the settings; the last one is production.
        var stages: [Stage]
        var challenger: Challenger?
        var running: [Run]
        var waitingForApproval: [Waiting]
        var drift: Drift?
        var training: Training

        struct Stage: Codable, Sendable {
            var stage: String
            /// Nil: nothing was deployed there yet.
            var version: Int?
            var since: Timestamp?
            var rollback: Bool
            var metrics: [String: Double]
            /// The last check after a deployment; nil before it.
            var checkPassed: Bool?
        }

        /// The last version, when it is not live in production.
        struct Challenger: Codable, Sendable {
            enum State: String, Codable, Sendable {
                case refused, waits, staged, evaluated, trained
            }

            var version: Int
            var state: State
            /// Where it is, or was refused.
            var stage: String?
            var reasons: [String]
            var metrics: [String: Double]
            /// Against the champion of then, on the same rows; nil without one.
            var comparison: Comparison?
        }

        struct Comparison: Codable, Sendable {
            var metric: String
            /// Positive: the challenger is better.
            var gain: Double
            /// The gain is above this with 95 % confidence.
            var lowerBound: Double
            var champion: Int
            var rows: Int
        }

        struct Run: Codable, Sendable {
            var run: Int
            var since: Timestamp
            var algorithm: String
            var dataset: String
            var datasetVersion: Int
            var rows: Int
            /// 0 to 1, as its process says; nil when it has not said.
            var fraction: Double?
            var doing: String?
            var pid: Int32?
        }

        struct Waiting: Codable, Sendable {
            var stage: String
            var version: Int
        }

        struct Drift: Codable, Sendable {
            var time: Timestamp
            var sequence: UInt64
            var drifted: Bool
            /// The columns that drifted.
            var columns: [String]
            var measured: Int
            var rows: Int
            var referenceVersion: Int
        }

        struct Training: Codable, Sendable {
            var lastRequest: [String]
            var lastRequestTime: Timestamp?
            var lastDeferral: String?
            var lastRun: Int?
            /// `completed`, `failed` or `running`.
            var lastOutcome: String?
            var lastError: String?
        }
    }
}
