import Foundation

/// The sources of this package, as the rules look at them.
enum SourceTree {
    struct File {
        /// Below the package, such as `Sources/Console/Text.swift`.
        let path: String
        let text: String
        let lines: [Substring]

        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
        var isSource: Bool { path.hasPrefix("Sources/") || path.hasPrefix("Plugins/") }
        var isTest: Bool { path.hasPrefix("Tests/") }

        /// The lines, by number, without what follows `//` and without what stands in string literals:
        /// near enough for rules about code.
        var code: [(number: Int, text: String)] {
            lines.enumerated().map { ($0.offset + 1, SourceTree.codeOnly($0.element)) }
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let files: [File] = {
        ["Sources", "Plugins", "Tests"].flatMap { top in
            let folder = root.appending(path: top)
            let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().compactMap { name -> File? in
                guard [".swift", ".c", ".h"].contains(where: name.hasSuffix),
                    let text = try? String(
                        contentsOf: folder.appending(path: name), encoding: .utf8)
                else { return nil }
                return File(
                    path: top + "/" + name, text: text,
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            }
        }
    }()

    static var swiftFiles: [File] { files.filter { $0.path.hasSuffix(".swift") } }

    static func codeOnly(_ line: Substring) -> String {
        var code = ""
        var isInString = false
        var last: Character = " "
        for character in line {
            if character == "\"", last != "\\" {
                isInString.toggle()
            } else if !isInString {
                if character == "/", last == "/" { return String(code.dropLast()) }
                code.append(character)
            }
            last = character
        }
        return code
    }
}
