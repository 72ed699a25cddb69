/// The words that a mistyped one was probably meant to be, the likeliest first: at most `limit`.
package func suggestions(
    for word: String, among candidates: [String], limit: Int = 3
) -> [String] {
    // Distances cost the product of the lengths; nobody types a name of 64 letters by mistake.
    guard !word.isEmpty, word.utf8.count <= 64 else { return [] }
    let typed = Array(word.lowercased())
    let scored = candidates.compactMap { candidate -> (distance: Int, word: String)? in
        let letters = Array(candidate.lowercased())
        let distance = editDistance(typed, letters)
        let isBeginning = typed.count >= 2 && letters.starts(with: typed)
        let accepted = max(1, min(typed.count, letters.count) / 3)
        return distance <= accepted || isBeginning
            ? (isBeginning ? 0 : distance, candidate) : nil
    }
    let least = scored.map(\.distance).min() ?? 0
    return scored.filter { $0.distance <= least + 1 }
        .sorted { ($0.distance, $0.word) < ($1.distance, $1.word) }
        .prefix(limit).map(\.word)
}

/// The least number of insertions, deletions, replacements and swaps of neighbours that turn `a`
/// into `b` (Damerau-Levenshtein, in the form where no substring is edited twice).
func editDistance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
    if a.isEmpty { return b.count }
    if b.isEmpty { return a.count }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            var best = min(replaced, last[j] + 1, row[j - 1] + 1)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                best = min(best, beforeLast[j - 2] + 1)
            }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}

/// `Did you mean 'a' or 'b'?`; nil without suggestions.
func didYouMean(_ words: [String]) -> String? {
    if words.isEmpty { return nil }
    return "Did you mean " + words.map { "'\($0)'" }.joined(separator: " or ") + "?"
}
