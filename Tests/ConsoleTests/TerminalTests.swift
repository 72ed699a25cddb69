import Testing

@testable import Console

@Suite struct TerminalTests {
    private func decide(
        isTerminal: Bool = true, columns: Int? = 132, _ environment: [String: String]
    ) -> Terminal {
        .decide(isTerminal: isTerminal, windowColumns: columns) { environment[$0] }
    }

    @Test func `colour is for terminals, unless the environment says otherwise`() {
        #expect(decide([:]).usesColor)
        #expect(!decide(isTerminal: false, [:]).usesColor)
        #expect(!decide(["NO_COLOR": "1"]).usesColor)
        #expect(decide(["NO_COLOR": ""]).usesColor, "an empty NO_COLOR does not count")
        #expect(!decide(["TERM": "dumb"]).usesColor)
        #expect(!decide(["CLICOLOR": "0"]).usesColor)
        #expect(decide(isTerminal: false, ["CLICOLOR_FORCE": "1"]).usesColor)
        #expect(!decide(isTerminal: false, ["CLICOLOR_FORCE": "0"]).usesColor)
        #expect(!decide(["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]).usesColor)
    }

    @Test func `lines are rewritten only where somebody looks`() {
        #expect(decide([:]).isInteractive)
        #expect(!decide(["TERM": "dumb"]).isInteractive)
        #expect(!decide(isTerminal: false, ["CLICOLOR_FORCE": "1"]).isInteractive)
    }

    @Test func `the width is COLUMNS, the window's, or a default, within limits`() {
        #expect(decide([:]).width == 132)
        #expect(decide(["COLUMNS": "90"]).width == 90)
        #expect(decide(["COLUMNS": "-3"]).width == 132)
        #expect(decide(["COLUMNS": "many"]).width == 132)
        #expect(decide(columns: nil, [:]).width == 80)
        #expect(decide(isTerminal: false, columns: nil, [:]).width == 100)
        #expect(decide(["COLUMNS": "1"]).width == 20)
        #expect(decide(["COLUMNS": "99999999"]).width == 500)
    }

    @Test func `the first locale variable that is set decides on the characters`() {
        #expect(decide(["LANG": "de_CH.UTF-8"]).usesUnicode)
        #expect(decide(["LC_ALL": "C.utf8"]).usesUnicode)
        #expect(!decide(["LC_ALL": "C", "LANG": "de_CH.UTF-8"]).usesUnicode)
        #expect(decide(["LC_ALL": "", "LC_CTYPE": "en_US.UTF-8"]).usesUnicode)
        #expect(!decide([:]).usesUnicode)
    }
}
