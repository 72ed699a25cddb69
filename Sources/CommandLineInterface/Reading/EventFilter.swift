import Journal
import Millrace

/// Which events somebody wants to see.
struct EventFilter: Sendable {
    /// Patterns with `*` and `?`; empty for all.
    var types: [String] = []
    var subjects: [String] = []
    var correlation: EventID?
    /// With the marks that the runtime writes for itself.
    var withMarks = false
    /// The types that are marks.
    var marks: Set<String> = []

    /// By what is known without parsing the payload.
    func includes(type: String, correlation: EventID) -> Bool {
        if let wanted = self.correlation, correlation != wanted { return false }
        if types.isEmpty { return withMarks || !marks.contains(type) }
        return types.contains { namePattern($0, matches: type) }
    }

    /// What the wanted records can be found by; nil when all have to be looked at.
    var key: IndexKey? {
        if let correlation { return .correlation(correlation) }
        guard subjects.count == 1, let subject = subjects.first,
            !subject.contains(where: { "*?".contains($0) })
        else { return nil }
        return .subject(Subject(parsing: subject))
    }

    func includes(_ subject: Subject) -> Bool {
        subjects.isEmpty || subjects.contains { namePattern($0, matches: subject.description) }
    }
}

/// Whether a name is what a pattern says: `*` stands for any characters, `?` for one.
func namePattern(_ pattern: String, matches name: String) -> Bool {
    let pattern = Array(pattern.utf8)
    let name = Array(name.utf8)
    var p = 0
    var n = 0
    // Where to go on when the last star takes one character more.
    var star: (pattern: Int, name: Int)?
    while n < name.count {
        if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
            star = (p, n)
            p += 1
        } else if p < pattern.count, pattern[p] == name[n] || pattern[p] == UInt8(ascii: "?") {
            p += 1
            n += 1
        } else if let last = star {
            star = (last.pattern, last.name + 1)
            p = last.pattern + 1
            n = last.name + 1
        } else {
            return false
        }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
}
