import Testing

@testable import Console

@Suite struct HelpTests {
    @Test func `the page of a command has usage, options with defaults, and examples`() async {
        let expected = """
            mill events — list what happened

            Usage: mill events [options]

            Options:
              -f, --follow                wait for more
              -n, --limit N               how many (default: 20)
                  --offset N              where to begin
              -t, --type TEXT             only events of this type (may be repeated)
                  --color[=always|never]  when to colour
                  --within TIME           how long to wait
              -j, --json                  print JSON
                  --no-color              no colours, as with NO_COLOR in the environment
              -h, --help                  show this page

            Workspace:
              -w, --workspace DIR         the workspace (default: .)

            Examples:
              mill events --follow  watch

            """
        #expect(
            await Sample.run("events", "--help") == .init(code: .success, out: expected, err: ""))
        #expect(await Sample.run("help", "events").out == expected)
    }

    @Test func `the page of the program lists commands by group and exit codes`() async {
        let page = await Sample.run("--help").out
        #expect(page.contains("\nLook:\n  events      list what happened\n  why         explain"))
        #expect(
            page.contains("\nExit codes:\n  0  fine; the answer is yes\n  1  the answer is no\n"))
        #expect(page.contains("\nHelp:\n  help        explain a command\n  completion  "))
        #expect(!page.contains("fail "), "a hidden command is not listed")
        #expect(await Sample.run("help").out == page)
    }

    @Test func `without a command the page goes to the errors and the code is usage`() async {
        let result = await Sample.run()
        #expect(result.code == .usage)
        #expect(result.out.isEmpty)
        #expect(result.err.contains("Usage: mill COMMAND [options]"))
    }

    @Test func `help wins over mistakes elsewhere in the line`() async {
        #expect(await Sample.run("events", "--bogus", "--help").code == .success)
        #expect(await Sample.run("events", "--limit", "--help").code == .success)
        #expect(await Sample.run("events", "-fh").out.hasPrefix("mill events"))
        #expect(await Sample.run("check", "--", "--help").out == "--help\n")
    }

    @Test(arguments: [40, 60, 80, 100])
    func `no line of a page is wider than the terminal`(width: Int) async {
        for words: [RawArgument] in [["--help"], ["why", "--help"], ["help", "plugin", "list"]] {
            let page = await Sample.run(words, width: width).out
            for line in page.split(separator: "\n") {
                #expect(displayWidth(String(line)) <= width, "\(line)")
            }
        }
    }

    @Test func `a page is never wider than 100 columns`() {
        let long = Command(
            "x", summary: "x", discussion: String(repeating: "word ", count: 100),
            run: { _ in .success })
        let lines = HelpPage(programName: "p", path: [long], terminal: Terminal(width: 300)).lines()
        #expect(lines.map(\.width).max() ?? 0 <= 100)
    }

    @Test func `the version is one line`() async {
        #expect(await Sample.run("--version").out == "mill 1.2.3\n")
    }

    @Test func `mistakes in declarations are found`() {
        #expect(Sample.program.root.declarationProblems() == [])
        let wrong = Command(
            "x", summary: "x", options: [Sample.json, Sample.json],
            arguments: [Sample.files, Sample.model], run: { _ in .success })
        #expect(
            wrong.declarationProblems() == [
                "x: --json is declared twice", "x: -j is declared twice",
                "x: nothing can follow [FILE...]", "x: MODEL is required after an optional one",
            ])
    }
}
