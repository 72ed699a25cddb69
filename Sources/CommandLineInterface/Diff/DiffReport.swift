import Millrace

/// What is different between two versions or two moments; the shape of `millrace diff --json`.
struct DiffReport: Codable, Sendable {
    struct Change: Codable, Sendable, Equatable {
        var what: String
        /// Nil: it is new.
        var before: String?
        /// Nil: it is gone.
        var after: String?
        /// How much, or what happened, in words.
        var note: String?

        init(_ what: String, _ before: String?, _ after: String?, note: String? = nil) {
            self.what = what
            self.before = before
            self.after = after
            self.note = note
        }
    }

    struct Section: Codable, Sendable {
        var name: String
        /// Empty: nothing is different.
        var changes: [Change]
    }

    var before: String
    var after: String
    var sections: [Section]

    var isEmpty: Bool { sections.allSatisfy { $0.changes.isEmpty } }
}

extension DiffReport.Section {
    /// The values that differ in two documents, by the keys that lead to them.
    init(_ name: String, _ before: JSONValue, _ after: JSONValue) {
        let (old, new) = (flattened(before), flattened(after))
        let keys = Set(old.keys).union(new.keys).sorted()
        self.init(
            name: name,
            changes: keys.filter { old[$0] != new[$0] }.map { .init($0, old[$0], new[$0]) })
    }
}

/// Every value of a document under its path: `gates[0].atLeast`.
private func flattened(_ json: JSONValue) -> [String: String] {
    var found: [String: String] = [:]
    func walk(_ value: JSONValue, _ path: String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            for member in members {
                walk(member.value, path.isEmpty ? member.key : "\(path).\(member.key)")
            }
        case .array(let elements) where elements.contains(where: { $0.members != nil }):
            for (index, element) in elements.enumerated() { walk(element, "\(path)[\(index)]") }
        case .array(let elements):
            // With spaces, so that a long list is broken into lines.
            let texts = elements.map { String(decoding: $0.bytes, as: UTF8.self) }
            found[path] = "[" + texts.joined(separator: ", ") + "]"
        case .string(let text): found[path] = text
        // What is empty or not there is told by its absence.
        case .null: break
        case .object: break
        default: found[path] = String(decoding: value.bytes, as: UTF8.self)
        }
    }
    walk(json, "")
    return found
}
