import Foundation
import Testing

@testable import CommandLineInterface
@testable import Console

/// The README's command lines are ones that the program takes, and what it shows of their answers is
/// what the transcripts of the year have.
@Suite struct ReadmeTests {
    private let readme = Readme()

    /// What is wrong with a line, as the program says it; nil when it would run.
    private func flaw(_ words: [String]) -> String? {
        let program = MillraceProgram(plugins: YearMill.plugins).program
        let nowhere = OutputWriter(capturing: Terminal())
        var parser = Parser(
            root: program.root, programName: "millrace",
            streams: Streams(out: nowhere, err: nowhere))
        do {
            _ = try parser.parse(words.map { RawArgument($0) })
            return nil
        } catch { return error.message.plain }
    }

    @Test func `every line to type is one that the program takes`() {
        let lines = readme.blocks.joined().flatMap(ShellLine.calls)
        #expect(lines.count > 20)
        for words in lines {
            #expect(flaw(words) == nil, "millrace \(words.joined(separator: " "))")
        }
        // A test that finds nothing would be none.
        #expect(flaw(["status", "--when", "2026"])?.contains("--when") == true)
    }

    @Test func `every command in a sentence is there, with its options`() {
        #expect(readme.mentions.count > 15)
        for words in readme.mentions {
            // A sentence may leave out what a command is about.
            let flaws = [[], ["x"], ["x", "x"]].map { flaw(words + $0) }
            #expect(flaws.contains(nil), "millrace \(words.joined(separator: " "))")
        }
    }

    @Test func `the examples of the help pages are lines that the program takes`() {
        func examples(_ command: Command) -> [String] {
            command.examples.map(\.line) + command.subcommands.flatMap(examples)
        }
        let program = MillraceProgram(plugins: YearMill.plugins).program
        // `…` is for what nobody types by hand.
        let lines = examples(program.root).filter { !$0.contains("…") }
            .flatMap { ShellLine.calls("millrace " + $0) }
        #expect(lines.count > 60)
        for words in lines {
            #expect(flaw(words) == nil, "millrace \(words.joined(separator: " "))")
        }
    }

    @Test func `what is shown of an answer is what the transcripts have`() throws {
        let transcripts = try Readme.transcripts()
        let shown = readme.blocks.flatMap(Readme.sessions).filter { !$0.answer.isEmpty }
        #expect(shown.count >= 6)
        for session in shown {
            let words = ShellLine.calls(session.line)
            let answers = transcripts.filter { ShellLine.calls($0.line) == words }.map(\.answer)
            #expect(
                answers.contains { Readme.shows(session.answer, of: $0) },
                "no transcript has what the README shows of '\(session.line)'")
        }
    }
}

/// The README's code blocks and what it says in between.
private struct Readme {
    /// The lines of each block that a shell takes.
    private(set) var blocks: [[String]] = []
    /// The words of each command in backticks.
    private(set) var mentions: [[String]] = []

    init() {
        let file = Golden.folder.appending(path: "../../../README.md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        var block: [String]?
        var isShell = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                if let block, isShell { blocks.append(block) }
                block = block == nil ? [] : nil
                isShell = ["```", "```sh"].contains(line)
            } else if block != nil {
                block?.append(line)
            } else {
                for span in line.split(separator: "`").filter({ $0.hasPrefix("millrace ") }) {
                    let known = span.replacing("TIME", with: "2026-03-03")
                        .replacing("SEQUENCE:HASH", with: "1:" + String(repeating: "0", count: 64))
                    mentions += ShellLine.calls(known)
                }
            }
        }
    }

    struct Session {
        let line: String
        var answer: [String]
    }

    static func sessions(_ lines: [String]) -> [Session] {
        var found: [Session] = []
        for line in lines {
            if line.hasPrefix("$ ") {
                found.append(Session(line: line, answer: []))
            } else if let last = found.indices.last {
                found[last].answer.append(line)
            }
        }
        return found
    }

    static func transcripts() throws -> [Session] {
        let files = try FileManager.default.contentsOfDirectory(
            at: Golden.folder, includingPropertiesForKeys: nil)
        return try files.flatMap { file in
            let text = try String(contentsOf: file, encoding: .utf8)
            return sessions(
                text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// Whether lines are those of an answer, in order; `…` stands for any that are left out.
    static func shows(_ lines: [String], of answer: [String]) -> Bool {
        func steady(_ line: String) -> String {
            line.trimmingCharacters(in: .whitespaces).replacing(/\b\d+:[0-9a-f]{16}…/, with: "HEAD")
                .replacing(/\b\d+:HASH/, with: "HEAD")
        }
        let lines = lines.map(steady).filter { !$0.isEmpty }
        var rest = answer.map(steady).filter { !$0.isEmpty }[...]
        var mayPass = false
        for line in lines {
            guard line != "…" else {
                mayPass = true
                continue
            }
            guard let place = mayPass ? rest.firstIndex(of: line) : rest.startIndex,
                rest.indices.contains(place), rest[place] == line
            else { return false }
            rest = rest[(place + 1)...]
            mayPass = false
        }
        return mayPass || rest.isEmpty
    }
}

/// Reads as much of a shell's language as the documentation uses.
private enum ShellLine {
    /// The words of each call of the program in a line.
    static func calls(_ line: some StringProtocol) -> [[String]] {
        commands(String(line)).compactMap { words in
            let words = words.first == "$" ? words.dropFirst() : words[...]
            let run = ["swift", "run", "-c", "release", "millrace"]
            if words.starts(with: run) { return Array(words.dropFirst(run.count)) }
            return words.first == "millrace" ? Array(words.dropFirst()) : nil
        }
    }

    private static func commands(_ line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word: String?
        var quote: Character?
        var isTarget = false
        func end() {
            if let word, !isTarget { commands[commands.count - 1].append(word) }
            if word != nil { isTarget = false }
            word = nil
        }
        for character in line {
            switch character {
            case _ where character == quote: quote = nil
            case _ where quote != nil: word = (word ?? "") + String(character)
            case "'", "\"":
                quote = character
                word = word ?? ""
            case " ": end()
            case "#" where word == nil: return commands
            case "|", "&", ";":
                end()
                commands.append([])
            case ">", "<":
                end()
                isTarget = true
            default: word = (word ?? "") + String(character)
            }
        }
        end()
        return commands
    }
}
