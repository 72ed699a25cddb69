import Testing

/// The program itself, run as a person or a service manager runs it. One test after the other: each
/// has daemons and trainings of its own, and they would only take the processors from each other.
@Suite(.serialized) enum EndToEnd {}
