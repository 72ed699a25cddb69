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
            // A state that cannot be encoded is kept in no snapshot either.
            let bytes = (try? encodeCanonically(view.state(type))) ?? []
            found["\(type)"] = Digest(words: SHA256.hash(bytes).words)
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
