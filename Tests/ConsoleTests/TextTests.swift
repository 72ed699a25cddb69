import Testing

@testable import Console

@Suite struct TextTests {
    @Test(arguments: [
        ("abc", 3), ("", 0), ("é", 1), ("e\u{301}", 1), ("東京", 4), ("한글", 4), ("😀", 2),
        ("👩‍👩‍👧", 2), ("🇨🇭", 2), ("❤️", 2), ("ｆｕｌｌ", 8), ("│└─", 3), ("क्षि", 1), ("\u{200B}", 0),
        ("…", 1), ("█▏", 2),
    ])
    func `columns`(text: String, expected: Int) {
        #expect(displayWidth(text) == expected)
    }

    @Test func `styles nest by concatenation and cost nothing without colour`() {
        let text: Text = "\("a", .bad) and \(Text("b", .faint) + " c") \(7, .name)"
        #expect(text.rendered(color: false) == "a and b c 7")
        #expect(
            text.rendered(color: true)
                == "\u{1B}[1;31ma\u{1B}[0m and \u{1B}[2mb\u{1B}[0m c \u{1B}[36m7\u{1B}[0m")
        #expect(text.width == 11)
    }

    @Test func `text is cut at the end or in the middle`() {
        #expect(Text("abcdefgh").truncated(to: 5).plain == "abcd…")
        #expect(Text("abcdefgh").truncated(to: 5, .middle).plain == "ab…gh")
        #expect(Text("abcdefgh").truncated(to: 8).plain == "abcdefgh")
        #expect(Text("abcdefgh").truncated(to: 4, mark: "~").plain == "abc~")
    }

    @Test func `a wide character is never cut in half`() {
        #expect(Text("東京都庁").truncated(to: 6).plain == "東京…")
        #expect(Text("東京都庁").truncated(to: 6, .middle).plain == "東…庁")
    }

    @Test(arguments: 0..<12)
    func `a cut text never exceeds its width`(width: Int) {
        for text in ["abcdefgh", "東京都庁", "a東b京c", "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧"] {
            #expect(Text(text).truncated(to: width).width <= width)
            #expect(Text(text).truncated(to: width, .middle).width <= width)
        }
    }

    @Test func `text is padded by columns, not by characters`() {
        #expect(Text("東").padded(to: 4).plain == "東  ")
        #expect(Text("7").padded(to: 3, .right).plain == "  7")
        #expect(Text("ab").padded(to: 5, .center).plain == " ab  ")
        #expect(Text("long").padded(to: 2).plain == "long")
    }

    @Test func `paragraphs are wrapped at spaces and lists are left alone`() {
        #expect(
            wrapped("one two three\n\n  - item that is long\nfour", width: 8)
                == ["one two", "three", "", "  - item that is long", "four"])
        #expect(wrapped("unbreakable-word a", width: 5) == ["unbreakable-word", "a"])
        #expect(wrapped("東京 都庁", width: 6) == ["東京", "都庁"])
        #expect(wrapped("", width: 10) == [""])
    }
}
