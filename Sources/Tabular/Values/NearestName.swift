/// The name that a mistyped one was probably meant to be; nil when none is near.
func nearestName(to name: String, among candidates: [String]) -> String? {
    let allowed = max(1, name.count / 3)
    var best: (distance: Int, name: String)?
    for candidate in candidates.prefix(10_000) {
        guard abs(candidate.count - name.count) <= allowed, name.count <= 100 else { continue }
        let distance = editDistance(Array(name.lowercased()), Array(candidate.lowercased()))
        if distance <= allowed, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.name
}

/// The number of letters to insert, remove or replace (Levenshtein).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, letterA) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, letterB) in b.enumerated() {
            let replaced = diagonal + (letterA == letterB ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
