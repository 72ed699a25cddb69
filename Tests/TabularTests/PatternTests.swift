import Testing

@testable import Tabular

private func matches(_ pattern: String, _ text: String) throws -> Bool {
    let compiled = try Pattern(pattern)
    return Array(text.utf8).withUnsafeBufferPointer { compiled.matches($0) }
}

@Test(arguments: [
    ("^[A-Z]{2}\\d{4}$", "UA1234", true), ("^[A-Z]{2}\\d{4}$", "UA12345", false),
    ("b", "abc", true), ("^b", "abc", false), ("c$", "abc", true), ("^$", "", true),
    ("^a|b$", "xb", true), ("^(?:a|b)+$", "abba", true), ("^(a|b)+$", "abc", false),
    ("^[^0-9]+$", "grün", true), ("^[^0-9]+$", "a1", false), ("^.{4}$", "grün", true),
    ("^a.c$", "a€c", true), ("^a\\.c$", "abc", false), ("^\\w+@\\w+\\.\\w{2,}$", "a@b.de", true),
    ("^x{2,3}$", "xxxx", false), ("^x{2,}$", "xxxx", true), ("^x{0}$", "", true),
    ("^[a\\-z]+$", "a-z", true), ("^[]a]+$", "]a", true), ("^[äö]+$", "öä", true),
    ("^a*?b", "aab", true),
    ("\\S\\s\\D\\W", "a b-", true), ("^\\t\\\\$", "\t\\", true), ("", "anything", true),
])
func `patterns match as in ECMAScript`(pattern: String, text: String, expected: Bool) throws {
    #expect(try matches(pattern, text) == expected)
}

@Test(arguments: [
    "(", ")", "a)", "[", "[a", "*", "a{", "a{2", "a{3,1}", "a{9999}", "(?=a)", "(?<n>a)", "\\1",
    "\\", "[z-a]", "[^ä]", "\\p",
])
func `a pattern that is not supported is refused with its place`(pattern: String) {
    #expect(throws: TabularError.self) { try Pattern(pattern) }
}

@Test func `no pattern and no text take more than linear time`() throws {
    let text = String(repeating: "a", count: 2_000)
    #expect(try !matches("^(a+)+$", text + "b"))
    #expect(try !matches("^(a|a)*$", text + "b"))
    #expect(try !matches("^(a?){50}a{50}$", "aaa"))
    // Repetitions of repetitions would be written out beyond any bound, also of nothing.
    #expect(throws: TabularError.self) { try Pattern("((((a{100}){100}){100}){100})") }
    #expect(throws: TabularError.self) { try Pattern("((((){1000}){1000}){1000})") }
    let deep = String(repeating: "(", count: 400) + String(repeating: ")", count: 400)
    #expect(throws: TabularError.self) { try Pattern(deep) }
}

@Test func `random patterns never trap`() {
    var random = SeededGenerator(99)
    let pieces = [
        "a", "b", "(", ")", "[", "]", "|", "*", "+", "?", "{2}", "{1,3}", "\\d", ".", "^", "$",
    ]
    var understood = 0
    for _ in 0..<2_000 {
        let text = (0..<(random.next() % 8)).map { _ in random.element(of: pieces) }.joined()
        guard let pattern = try? Pattern(text) else { continue }
        understood += 1
        _ = Array("ab12ab".utf8).withUnsafeBufferPointer { pattern.matches($0) }
    }
    #expect(understood > 200)
}
