import Millrace

/// Records that the runtime and the journal write for themselves. They are part of the history, but
/// say nothing to a person who asks what happened.
package enum RuntimeMarks {
    package static let types: Set<String> = [
        ReactionHandled.type, PluginRegistered.type, "journal.watermark",
    ]
}
