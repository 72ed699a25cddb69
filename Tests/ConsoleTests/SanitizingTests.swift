import Testing

@testable import Console

/// What comes from outside cannot command the terminal.
@Suite struct SanitizingTests {
    @Test func `escape sequences, line breaks and overrides of direction become visible`() {
        #expect(sanitized("\u{1B}[2J") == "\\u{1B}[2J")
        #expect(sanitized("a\nb\r\tc\0") == "a\\nb\\r\\tc\\0")
        #expect(sanitized("\u{9B}31m\u{7F}") == "\\u{9B}31m\\u{7F}")
        #expect(sanitized("gpj.\u{202E}exe") == "gpj.\\u{202E}exe")
        #expect(sanitized("a\u{2028}b\u{FEFF}") == "a\\u{2028}b\\u{FEFF}")
        #expect(sanitized("mod\u{200B}el") == "mod\\u{200B}el")
    }

    @Test func `ordinary text of any script stays as it is`() {
        for text in ["", "plain", "Zürich", "東京", "👩‍👩‍👧", "naïve – “quoted”", "क्षि"] {
            #expect(sanitized(text) == text)
        }
    }

    @Test func `every control character is made visible`() {
        for value: UInt32 in Array(0..<0x20) + Array(0x7F..<0xA0) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let shown = sanitized("a\(Character(scalar))b")
            #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
        }
    }

    @Test func `bytes that are not UTF-8 are shown one by one`() {
        #expect(sanitized(bytes: [0x61, 0xFF, 0xC3, 0xA9, 0xC3, 0x28]) == "a\\xFFé\\xC3(")
        #expect(sanitized(bytes: [0xE2, 0x82]) == "\\xE2\\x82")
        #expect(sanitized(bytes: [0xF0, 0x9F, 0x98, 0x80]) == "😀")
        #expect(sanitized(bytes: [0xED, 0xA0, 0x80]) == "\\xED\\xA0\\x80")
        #expect(sanitized(bytes: []) == "")
    }

    @Test func `a styled text is sanitised, literals and all`() {
        let name = "model\u{1B}]0;x\u{07}"
        let text: Text = "live: \(name, .good)\n"
        #expect(text.plain == "live: model\\u{1B}]0;x\\u{07}\\n")
        #expect(
            text.rendered(color: true)
                == "live: \u{1B}[32mmodel\\u{1B}]0;x\\u{07}\u{1B}[0m\\n")
    }
}
