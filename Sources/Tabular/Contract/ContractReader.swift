import Millrace

/// An object of a contract that is being read: knows where it is, and refuses keys it does not know.
struct ContractObject {
    let path: String
    private let members: [JSONValue.Member]

    init(_ value: JSONValue, path: String) throws(TabularError) {
        guard case .object(let members) = value else {
            throw Self.failure(path, "an object is expected, not \(value.kindName)")
        }
        self.path = path
        self.members = members
    }

    static func failure(_ path: String, _ what: String) -> TabularError {
        TabularError(.contract, "\(path): \(what)")
    }

    func failure(_ key: String, _ what: String) -> TabularError {
        Self.failure("\(path).\(key)", what)
    }

    /// Keys that describe and do not check, allowed everywhere by the standard.
    private static let descriptive = [
        "id", "description", "businessName", "tags", "authoritativeDefinitions", "customProperties",
        "physicalType", "physicalName",
    ]

    func requireKnown(_ known: [String]) throws(TabularError) {
        for member in members where !known.contains(member.key) {
            if Self.descriptive.contains(member.key) { continue }
            let near = nearestName(to: member.key, among: known + Self.descriptive)
            let key = escapedText(member.key, limit: 80)
            let hint = near ?? known.joined(separator: ", ")
            throw Self.failure(
                path,
                "unknown key \"\(key)\"; "
                    + (near == nil ? "known: \(hint)" : "did you mean \"\(hint)\"?"))
        }
    }

    subscript(_ key: String) -> JSONValue? { members.first { $0.key == key }?.value }

    func text(_ key: String) throws(TabularError) -> String? {
        guard let value = self[key], value != .null else { return nil }
        guard let text = value.stringValue else {
            throw failure(key, "a text is expected, not \(value.kindName)")
        }
        return text
    }

    func requiredText(_ key: String) throws(TabularError) -> String {
        guard let text = try text(key), !text.isEmpty else { throw failure(key, "is missing") }
        return text
    }

    func truth(_ key: String) throws(TabularError) -> Bool? {
        guard let value = self[key], value != .null else { return nil }
        guard let truth = value.boolValue else {
            throw failure(key, "true or false is expected, not \(value.kindName)")
        }
        return truth
    }

    func number(_ key: String) throws(TabularError) -> Double? {
        guard let value = self[key], value != .null else { return nil }
        guard let number = value.doubleValue else {
            throw failure(key, "a number is expected, not \(value.kindName)")
        }
        return number
    }

    func count(_ key: String) throws(TabularError) -> Int? {
        guard let value = self[key], value != .null else { return nil }
        guard let count = value.integerValue, count >= 0, count < 1 << 53 else {
            throw failure(key, "a whole number from 0 is expected")
        }
        return Int(count)
    }

    func list(_ key: String) throws(TabularError) -> [JSONValue] {
        guard let value = self[key], value != .null else { return [] }
        guard let list = value.arrayValue else {
            throw failure(key, "a list is expected, not \(value.kindName)")
        }
        return list
    }

    func objects(_ key: String) throws(TabularError) -> [ContractObject] {
        var objects: [ContractObject] = []
        for (index, value) in try list(key).enumerated() {
            let name = value["name"]?.stringValue.map { escapedText($0, limit: 80) }
            objects.append(
                try ContractObject(value, path: "\(path).\(key)[\(name ?? String(index))]"))
        }
        return objects
    }

    func texts(_ key: String) throws(TabularError) -> [String] {
        var texts: [String] = []
        for value in try list(key) {
            switch value {
            case .string(let text): texts.append(text)
            case .integer(let integer): texts.append(String(integer))
            case .number(let number): texts.append("\(number)")
            case .bool(let truth): texts.append(truth ? "true" : "false")
            default: throw failure(key, "a list of texts is expected")
            }
        }
        return texts
    }

    /// The extensions of ours in `customProperties`; those of others are passed over.
    func extensions(_ known: [String]) throws(TabularError) -> ContractObject {
        var found: [JSONValue.Member] = []
        for property in try objects("customProperties") {
            guard let name = try property.text("property"), name.hasPrefix("millrace.") else {
                continue
            }
            found.append(.init(String(name.dropFirst(9)), property["value"] ?? .null))
        }
        let object = try ContractObject(.object(found), path: "\(path).customProperties")
        try object.requireKnown(known)
        return object
    }

    func severity(_ key: String) throws(TabularError) -> Severity? {
        guard let text = try text(key) else { return nil }
        guard let severity = Severity(rawValue: text) else {
            throw failure(key, "\"error\" or \"warning\" is expected")
        }
        return severity
    }
}
