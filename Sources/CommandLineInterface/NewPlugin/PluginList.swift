/// The list of plugins at the head of `Package.swift`.
struct PluginList: Equatable {
    private let before: Substring
    private(set) var names: [String]
    private let after: Substring

    private static let opening = "let plugins = ["
    /// The formatter breaks longer lines.
    private static let lineLimit = 100

    /// Finds the list in the text of a manifest; nil when it is not there as a list of names.
    init?(in manifest: String) {
        guard let start = manifest.firstRange(of: PluginList.opening),
            let end = manifest[start.upperBound...].firstIndex(of: "]")
        else { return nil }
        before = manifest[..<start.lowerBound]
        after = manifest[manifest.index(after: end)...]
        names = []
        for part in manifest[start.upperBound..<end].split(separator: ",") {
            let word = part.drop { $0.isWhitespace }
            let name = word.prefix { !$0.isWhitespace }
            guard name.count > 2, name.first == "\"", name.last == "\"" else {
                if word.isEmpty { continue }
                return nil
            }
            names.append(String(name.dropFirst().dropLast()))
        }
    }

    mutating func add(_ name: String) {
        names.append(name)
        names.sort()
    }

    /// The manifest with the list as it is now.
    var manifest: String {
        let quoted = names.map { "\"\($0)\"" }
        let line = PluginList.opening + quoted.joined(separator: ", ") + "]"
        guard line.count > PluginList.lineLimit else { return before + line + after }
        let lines = quoted.map { "    \($0),\n" }.joined()
        return before + PluginList.opening + "\n" + lines + "]" + after
    }
}
