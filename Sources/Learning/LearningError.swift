/// Why training, decoding or predicting did not happen. The message says what happened, where,
/// and what to do about it.
package struct LearningError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The table or the target cannot be learned from.
        case badData
        /// A parameter has an unknown name or a value outside its range.
        case badParameter
        /// The bytes are not a model of ours.
        case badModel
        /// The table to predict on does not have the columns of the model.
        case columnMismatch
        /// The progress callback asked to stop.
        case cancelled
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// The closest of `candidates` to `name` by edit distance, when it is close enough to be meant.
func nearestName(to name: String, in candidates: [String]) -> String? {
    let limit = max(2, name.count / 2)
    let wanted = Array(name.lowercased().utf8.prefix(64))
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(wanted, Array(candidate.lowercased().utf8.prefix(64)))
        if distance <= limit, distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best?.name
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var previous = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var current = [i + 1]
        for (j, y) in b.enumerated() {
            current.append(min(previous[j + 1] + 1, current[j] + 1, previous[j] + (x == y ? 0 : 1)))
        }
        previous = current
    }
    return previous.last ?? 0
}
