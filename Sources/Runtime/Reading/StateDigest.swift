import Checksums
package import Millrace

/// The digest of a folded state, so that two folds can be compared, also on two machines.
package struct StateDigest: Sendable {
    /// By the name of the projection's type.
    package let projections: [String: Digest]
    package let whole: Digest

    package init(_ view: WorkspaceView, _ types: [any Projection.Type]) {
        var found: [String: Digest] = [:]
        func add<P: Projection>(_ type: P.Type) {
            var text = CanonicalText()
            text.append(view.state(type), depth: 0)
            found["\(type)"] = Digest(words: SHA256.hash(text.bytes).words)
        }
        for type in types { add(type) }
        projections = found
        var hash = SHA256()
        for name in found.keys.sorted() {
            hash.update(Array("\(name)\u{0}\(found[name]?.hex ?? "")\u{0}".utf8))
        }
        whole = Digest(words: hash.finish().words)
    }
}

/// Any value as bytes that are the same for the same contents: members of dictionaries and sets,
/// whose order means nothing, are sorted.
private struct CanonicalText {
    private(set) var bytes: [UInt8] = []
    /// A state refers to nothing but values; the limit only guards against a mistake.
    private static let depthMax = 64

    mutating func append(_ value: Any, depth: Int) {
        guard depth < CanonicalText.depthMax else { return add("(deeper)") }
        // What describes itself wholly.
        switch value {
        case let value as Digest: return add(value.hex)
        case let value as WorkspacePath: return add(value.description)
        case let value as JSONValue:
            bytes += value.bytes
            return
        case let value as String:
            // With its length, so that no text can look like two.
            return add("\(value.utf8.count):\(value)")
        default: break
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .dictionary, .set:
            let parts = mirror.children.map { child -> [UInt8] in
                var part = CanonicalText()
                part.append(child.value, depth: depth + 1)
                return part.bytes
            }
            add("{")
            for part in parts.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                bytes += part
                add(",")
            }
            add("}")
        case nil where mirror.children.isEmpty: add("\(value)")
        case .enum where mirror.children.isEmpty: add("\(value)")
        default:
            add("(")
            for child in mirror.children {
                if let label = child.label { add(label + "=") }
                append(child.value, depth: depth + 1)
                add(",")
            }
            add(")")
        }
    }

    private mutating func add(_ text: String) { bytes += Array(text.utf8) }
}
