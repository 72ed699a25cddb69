/// What a person probably meant by a key that does not exist.
package func suggestion(for key: String, among known: [String]) -> String {
    let nearest = known.map { (distance: editDistance(simplified(key), simplified($0)), key: $0) }
        .min { $0.distance < $1.distance }
    if let nearest, nearest.distance <= max(1, nearest.key.count / 3) {
        return "did you mean \(quoted(nearest.key))?"
    }
    if known.isEmpty { return "there are none here" }
    let shown = known.prefix(20).joined(separator: ", ")
    return "the keys here are \(shown)\(known.count > 20 ? ", …" : "")"
}

/// `max-rows`, `max_rows` and `maxRows` are the same slip.
private func simplified(_ key: String) -> [Character] {
    key.prefix(60).lowercased().filter { $0 != "_" && $0 != "-" }
}

/// The number of letters to insert, remove, replace or swap with their neighbour (optimal string
/// alignment).
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
