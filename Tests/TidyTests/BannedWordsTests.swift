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
        Ban(word: "unsafeBitCast", instead: "a conversion that checks"),
        Ban(word: "unowned(unsafe)", instead: "a strong or weak reference"),
        Ban(word: "@unchecked Sendable", instead: "an actor, or a Mutex"),
        Ban(word: "nonisolated(unsafe)", instead: "an actor, or a Mutex"),
    ]

    static let inTests = [
        Ban(word: "Task.sleep", instead: "wait for the condition with a generous limit"),
        Ban(word: "usleep(", instead: "wait for the condition with a generous limit"),
        Ban(word: "nanosleep(", instead: "wait for the condition with a generous limit"),
        Ban(word: "Thread.sleep", instead: "wait for the condition with a generous limit"),
        Ban(word: " sleep(", instead: "wait for the condition with a generous limit"),
    ]

    @Test(arguments: inSources)
    func `sources do without`(ban: Ban) {
        check(ban, in: SourceTree.swiftFiles.filter(\.isSource))
    }

    @Test(arguments: inTests)
    func `tests do without`(ban: Ban) {
        check(ban, in: SourceTree.swiftFiles.filter(\.isTest))
    }

    private func check(_ ban: Ban, in files: [SourceTree.File]) {
        #expect(!files.isEmpty)
        for file in files where !ban.except.contains(where: file.path.hasPrefix) {
            for (number, line) in file.code where contains(line, ban.word) {
                Issue.record("\(file.path):\(number) uses \(ban.word): \(ban.instead)")
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
