import Console
import Foundation
import Testing

/// What people see of the simulated year, kept in `Transcripts/`: command lines and their answers.
/// UPDATE_SNAPSHOTS=1 in the environment writes the files anew; their difference is then reviewed like
/// any other.
enum Golden {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Transcripts")

    /// Runs command lines in the year's workspace, and compares with what they said before.
    ///
    /// - Parameters:
    ///   - replacing: what is another one in each run, such as the name of a temporary file, and what
    ///     stands for it.
    ///   - columns: what is for people fits a terminal of 80; nil for what programs read.
    static func expect(
        _ year: Year, _ name: String, _ lines: [[String]], replacing: [String: String] = [:],
        columns: Int? = 80, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var text = ""
        for words in lines {
            let answer = await year.run(words)
            text += "$ millrace \(words.map(quoted).joined(separator: " "))\n" + answer.all
            if answer.code != .success { text += "(exit code \(answer.code.rawValue))\n" }
        }
        for (varying, name) in replacing { text = text.replacing(varying, with: name) }
        // How fast the machine was, and the digest of a state, which is another one whenever the form
        // of any is.
        text = text.replacing(/in [^()\n]+ \([0-9,]+ a second\)/, with: "in TIME (RATE a second)")
            .replacing(/\nstate [0-9a-f]{64}/, with: "\nstate HASH")
            .replacing(/(training +[0-9.]+ s +)[0-9.]+ m?s\n/) { "\($0.output.1)TIME\n" }
        let file = folder.appending(path: name + ".txt")
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            try Data(text.utf8).write(to: file)
            return
        }
        let wanted = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        #expect(text == wanted, "\(name) is no longer what it was", sourceLocation: sourceLocation)
        for line in text.split(separator: "\n") where !line.hasPrefix("$ ") {
            #expect(line.count <= columns ?? .max, "longer than 80 columns: \(line)")
        }
    }

    /// As a person types it.
    private static func quoted(_ word: String) -> String {
        word.contains { " '[]{}".contains($0) } ? "'\(word)'" : word
    }
}
