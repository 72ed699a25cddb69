import Testing

@testable import Console

/// Each mistake is answered with one line that says what is wrong and one that says what to type.
@Suite struct MistakesTests {
    private func error(_ words: RawArgument...) async -> [String] {
        let result = await Sample.run(words)
        #expect(result.code == .usage)
        #expect(result.out.isEmpty)
        return result.err.split(separator: "\n").map(String.init)
    }

    @Test func `a mistyped command is suggested`() async {
        #expect(
            await error("evnets") == [
                "mill: unknown command 'evnets'",
                "Did you mean 'mill events'? All commands: mill --help",
            ])
        #expect(
            await error("plugin", "lsit") == [
                "mill: unknown command 'lsit'",
                "Did you mean 'mill plugin list'? All commands: mill plugin --help",
            ])
        #expect(
            await error("help", "evens") == [
                "mill: unknown command 'evens'",
                "Did you mean 'mill help events'? All commands: mill --help",
            ])
    }

    @Test func `a hidden command is not suggested`() async {
        #expect(
            await error("fial") == ["mill: unknown command 'fial'", "All commands: mill --help"])
    }

    @Test func `a mistyped option is suggested`() async {
        #expect(
            await error("events", "--folow") == [
                "mill: mill events has no option '--folow'",
                "Did you mean '--follow'? All options: mill events --help",
            ])
    }

    @Test func `an unknown letter in a cluster is named`() async {
        #expect(
            await error("events", "-fx") == [
                "mill: mill events has no option '-x' (in '-fx')",
                "All options: mill events --help",
            ])
    }

    @Test func `an option typed before its command is explained`() async {
        #expect(
            await error("--follow", "events") == [
                "mill: mill has no option '--follow'",
                "Options follow their command: mill events --follow. All options: mill --help",
            ])
    }

    @Test func `a wrong value names what is accepted`() async {
        #expect(
            await error("events", "--limit=0") == [
                "mill: --limit takes a whole number from 1 to 1000, not '0'",
                "See: mill events --help",
            ])
        #expect(
            await error("why", "m", "--stage", "prodution") == [
                "mill: --stage takes one of staging, production, not 'prodution'",
                "Did you mean 'production'?",
            ])
        #expect(
            await error("events", RawArgument(bytes: Array("--type=".utf8) + [0xFF])).first
                == "mill: --type takes text in UTF-8, not '\\xFF'")
    }

    @Test func `a missing value is not taken from the next option`() async {
        #expect(
            await error("events", "--limit", "--follow").first == "mill: --limit needs a value (N)")
        #expect(await error("events", "-n").first == "mill: -n needs a value (N)")
    }

    @Test func `a flag with a value, and an option given twice, are refused`() async {
        #expect(
            await error("events", "--follow=yes").first
                == "mill: --follow takes no value, but got 'yes'")
        #expect(await error("events", "-n1", "-n2").first == "mill: -n was given twice")
    }

    @Test func `missing and superfluous arguments are named`() async {
        #expect(
            await error("why") == [
                "mill: mill why needs MODEL: the model to explain", "See: mill why --help",
            ])
        #expect(
            await error("why", "m", "1", "extra").first
                == "mill: mill why takes no more arguments, but got 'extra'")
        #expect(
            await error("events", "extra").first
                == "mill: mill events takes no arguments, but got 'extra'")
        #expect(await error("plugin").first == "mill: mill plugin needs a command")
    }

    @Test func `what was typed cannot command the terminal`() async {
        let lines = await error("\u{1B}]0;title\u{07}")
        #expect(lines.first == "mill: unknown command '\\u{1B}]0;title\\u{07}'")
    }

    @Test func `a failure of a command has its own code`() async {
        let result = await Sample.run("fail")
        #expect(
            result
                == .init(
                    code: .damage, out: "",
                    err: "mill: record 7 is damaged\nType: mill verify\n"))
    }

    @Test func `edit distance counts a swap of neighbours once`() {
        #expect(editDistance(Array("status"), Array("stauts")) == 1)
        #expect(editDistance(Array("kitten"), Array("sitting")) == 3)
        #expect(editDistance(Array(""), Array("abc")) == 3)
        #expect(editDistance(Array("abc"), Array("abc")) == 0)
    }
}
