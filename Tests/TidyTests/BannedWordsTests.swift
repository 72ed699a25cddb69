import Testing

/// What does not belong in code, and what takes its place.
@Suite struct BannedWordsTests {
    struct Ban: CustomTestStringConvertible {
        let word: String
        let instead: String
        /// Path prefixes where the word may stand.
        var except: [String] = []
        var testDescription: String { word }
    }

    static let inSources = [
        Ban(
            word: "print(", instead: "results go through an OutputWriter, events into the journal",
            except: ["Sources/Console/", "Sources/millrace/"]),
        Ban(word: "try!", instead: "throw, or handle it"),
        Ban(
            word: "fatalError(",
            instead: "throw; a broken invariant is a precondition with its reason"),
        Ban(
            word: "import Foundation", instead: "Glibc, or LinuxSystem",
            // PackagePlugin speaks in Foundation's URLs; it runs in builds alone.
            except: ["Sources/Build/Generate/"]),
        Ban(word: "unowned(unsafe)", instead: "a strong or weak reference"),
    ]

    static let inTests = ["Task.sleep", "Thread.sleep", "usleep(", "nanosleep(", "sleep("].map {
        Ban(word: $0, instead: "wait for the condition, in a loop with a generous limit")
    }

    @Test(arguments: inSources)
    func `sources do without`(ban: Ban) {
        check(ban, in: SourceTree.swiftFiles.filter(\.isSource))
    }

    @Test(arguments: inTests)
    func `tests do without`(ban: Ban) {
        // Between two looks at a condition a test may sleep: then a `while` is just above.
        check(ban, in: SourceTree.swiftFiles.filter(\.isTest)) { code, index in
            code[max(0, index - 3)...index].contains { $0.text.contains("while ") }
        }
    }

    private func check(
        _ ban: Ban, in files: [SourceTree.File],
        unless isAllowed: ([(number: Int, text: String)], Int) -> Bool = { _, _ in false }
    ) {
        #expect(!files.isEmpty)
        for file in files where !ban.except.contains(where: file.path.hasPrefix) {
            // Looking at the whole text first saves taking each line apart for each word.
            guard file.text.contains(ban.word) else { continue }
            let code = file.code
            for (index, line) in code.enumerated()
            where contains(line.text, ban.word) && !isAllowed(code, index) {
                Issue.record("\(file.path):\(line.number) uses \(ban.word): \(ban.instead)")
            }
        }
    }

    /// Whether the word stands there as a word: `print(` is not in `fingerprint(`.
    private func contains(_ line: String, _ word: String) -> Bool {
        guard let range = line.firstRange(of: word) else { return false }
        guard let before = line[..<range.lowerBound].last, word.first?.isLetter == true else {
            return true
        }
        return !before.isLetter && before != "." && before != "_"
    }
}
