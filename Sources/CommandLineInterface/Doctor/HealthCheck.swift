/// One line of `millrace doctor`.
struct HealthCheck: Codable, Sendable, Equatable {
    enum Level: String, Codable, Sendable, Comparable {
        case ok, warning, problem

        static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .problem: 2
            }
        }
    }

    var name: String
    var level: Level
    /// What was found.
    var found: String
    /// What to do about it; nil when all is well.
    var advice: String?

    static func ok(_ name: String, _ found: String) -> HealthCheck {
        HealthCheck(name: name, level: .ok, found: found, advice: nil)
    }

    static func warning(_ name: String, _ found: String, _ advice: String) -> HealthCheck {
        HealthCheck(name: name, level: .warning, found: found, advice: advice)
    }

    static func problem(_ name: String, _ found: String, _ advice: String) -> HealthCheck {
        HealthCheck(name: name, level: .problem, found: found, advice: advice)
    }
}
