package import Millrace

/// How one plugin stands at this moment, for whoever looks after the daemon.
package struct PluginReport: Sendable {
    package var activity: PluginActivity
    /// Events that it has yet to handle, wherever they wait.
    package var pending: Int
    /// Reactions that run.
    package var inFlight: Int
    /// Events that failed and wait to be tried again.
    package var retrying: Int
    /// When the oldest event that it has yet to handle was journaled; nil when there is none.
    package var oldest: Timestamp?
}

/// What the runtime counts for each plugin, from where the journal left off.
struct PluginAccounts: Sendable {
    private struct Account {
        var activity = PluginActivity()
        var pending = 0
    }

    private var accounts: [String: Account] = [:]

    init() {}

    init(_ history: DeliveryHistory) {
        accounts = history.positions.mapValues {
            Account(activity: $0.activity, pending: $0.pending.count)
        }
    }

    /// An event was journaled that the plugin is to handle, or to handle again.
    mutating func offered(to plugin: String) { accounts[plugin, default: Account()].pending += 1 }

    mutating func handled(_ plugin: String, _ sequences: [UInt64], milliseconds: Double) {
        accounts[plugin]?.activity.handled(sequences, milliseconds: milliseconds)
        settle(plugin, sequences.count)
    }

    mutating func apply(_ failed: ReactionFailed, at time: Timestamp) {
        accounts[failed.plugin]?.activity.apply(failed, at: time)
    }

    mutating func apply(_ dead: ReactionDeadLettered, at time: Timestamp) {
        accounts[dead.plugin]?.activity.apply(dead, at: time)
        settle(dead.plugin, dead.sequences.count)
    }

    /// What was journaled while the plugin was not in the settings is not counted here.
    private mutating func settle(_ plugin: String, _ count: Int) {
        let pending = accounts[plugin]?.pending ?? 0
        accounts[plugin]?.pending = max(0, pending - count)
    }

    func reports(_ delivery: DeliveryStateMachine) -> [String: PluginReport] {
        accounts.reduce(into: [:]) { reports, entry in
            let standing = delivery.standing(of: entry.key)
            reports[entry.key] = PluginReport(
                activity: entry.value.activity, pending: entry.value.pending,
                inFlight: standing.inFlight, retrying: standing.retrying, oldest: standing.oldest)
        }
    }
}
