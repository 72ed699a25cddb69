import Millrace
import Tabular

/// A contract as a person wrote it: JSON, with comments and commas at the end where they like.
struct ContractText {
    private let document: JSON5Document

    /// More than any contract that a person keeps; one for ten thousand columns has 3 MB.
    static let sizeLimit = 4 << 20

    init(_ bytes: [UInt8]) throws(JSONError) {
        document = try JSON5Document(
            parsing: bytes, limits: JSONLimits(byteCount: ContractText.sizeLimit, depth: 64))
    }

    func contract() throws(TabularError) -> Contract { try Contract(json: document.value) }

    /// As many are told at once.
    private static let problemsLimit = 50

    /// Everything that is wrong, each with its line; empty for a contract that can be read.
    ///
    /// Reading stops at the first mistake. So what is wrong is put aside and the rest read again,
    /// until nothing is left that can be put aside.
    var problems: [String] {
        var json = document.value
        var problems: [String] = []
        var putAside = 0
        while problems.count < ContractText.problemsLimit {
            do throws(TabularError) {
                _ = try Contract(json: json)
                return problems
            } catch {
                let path = ContractText.path(in: error.message, of: json)
                let rest = path.flatMap { ContractText.puttingAside($0, in: json) }
                // A rule across columns may only be wrong because its column was put aside.
                if rest == nil, putAside > 0 { return problems }
                let line = document.nearestPosition(of: path ?? [])?.line
                problems.append((line.map { "line \($0): " } ?? "") + error.message)
                guard let rest else { return problems }
                json = rest
                putAside += 1
            }
        }
        return problems
    }

    /// The keys and indices in `contract.schema[flights].properties[delay].unique: what is wrong`:
    /// elements of lists go by their name where they have one.
    private static func path(in message: String, of json: JSONValue) -> [String]? {
        var path: [String] = []
        var value: JSONValue? = json
        var rest = message[...]
        guard rest.hasPrefix("contract") else { return nil }
        rest = rest.dropFirst("contract".count)
        while let mark = rest.popFirst(), mark != ":" {
            let step = rest.prefix { mark == "[" ? $0 != "]" : !".[:".contains($0) }
            rest = rest.dropFirst(step.count + (mark == "[" ? 1 : 0))
            var key = String(step)
            if mark == "[", let elements = value?.arrayValue {
                // Of two with one name it is the second that is wrong.
                let index = elements.lastIndex { $0["name"]?.stringValue == key } ?? Int(key)
                guard let index else { return nil }
                key = String(index)
                value = elements.indices.contains(index) ? elements[index] : nil
            } else {
                value = value?[key]
            }
            path.append(key)
        }
        return path
    }

    /// The document with a neutral column or rule in the place of the one that a path leads into;
    /// nil when it leads elsewhere.
    private static func puttingAside(_ path: [String], in json: JSONValue) -> JSONValue? {
        guard path.count >= 4, path[0] == "schema", ["properties", "quality"].contains(path[2]),
            let index = Int(path[3])
        else { return nil }
        let isColumn = path[2] == "properties"
        let old = json["schema"]?[0]?[path[2]]?[index]
        let name = old?["name"]?.stringValue ?? ""
        var neutral: JSONValue = ["name": .string(name), "logicalType": "string"]
        // Where the name itself is wrong, or nothing but the name is left.
        if name.isEmpty || path.count == 4 || path[4] == "name" || old == neutral {
            neutral = ["name": .string("column \(index + 1), put aside"), "logicalType": "string"]
        }
        let replacement = isColumn ? neutral : ["metric": "rowCount"]
        guard old != nil, old != replacement else { return nil }
        return json.replacing(["schema", "0", path[2], path[3]][...], with: replacement)
    }
}

extension JSONValue {
    /// With another value at the end of a path of keys and indices; itself where there is no such.
    fileprivate func replacing(_ path: ArraySlice<String>, with value: JSONValue) -> JSONValue {
        guard let step = path.first else { return value }
        let rest = path.dropFirst()
        switch self {
        case .object(let members):
            return .object(
                members.map { member in
                    member.key == step
                        ? Member(step, member.value.replacing(rest, with: value)) : member
                })
        case .array(var elements):
            guard let index = Int(step), elements.indices.contains(index) else { return self }
            elements[index] = elements[index].replacing(rest, with: value)
            return .array(elements)
        default: return self
        }
    }
}
