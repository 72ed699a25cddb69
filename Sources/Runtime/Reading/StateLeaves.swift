import Millrace

/// Every single value of a state under the way that leads to it, so that what is different in two states
/// can be told apart from what is not.
struct StateLeaves {
    private(set) var values: [String: String] = [:]
    /// A state refers to nothing but values; the limit only guards against a mistake.
    private static let depthMax = 64

    mutating func add(_ value: Any, at path: String, depth: Int = 0) {
        let mirror = Mirror(reflecting: value)
        guard depth < StateLeaves.depthMax, !mirror.children.isEmpty, !isWhole(value) else {
            values[path] = "\(value)"
            return
        }
        switch mirror.displayStyle {
        case .dictionary:
            for child in mirror.children {
                let pair = Array(Mirror(reflecting: child.value).children)
                guard pair.count == 2 else { continue }
                add(pair[1].value, at: "\(path)[\(pair[0].value)]", depth: depth + 1)
            }
        case .set:
            for child in mirror.children { values["\(path){\(child.value)}"] = "" }
        default:
            for (index, child) in mirror.children.enumerated() {
                add(child.value, at: "\(path).\(child.label ?? "\(index)")", depth: depth + 1)
            }
        }
    }

    /// Whether a value is told whole, without its parts.
    private func isWhole(_ value: Any) -> Bool {
        value is Digest || value is WorkspacePath || value is JSONValue || value is [UInt8]
    }
}
