import LinuxSystem
import Testing

@testable import WorkspaceTemplate

@Suite struct EmbeddingTests {
    @Test func `bytes that are not UTF-8 are embedded as characters`() {
        let file = TemplateFile(
            path: "x", isExecutable: false, encoding: .bytes, "\u{0}\u{7F}\u{80}\u{FF}\n")
        #expect(file.bytes == [0, 0x7F, 0x80, 0xFF, 0x0A])
        #expect(file.withBytes { Array($0) } == file.bytes)
    }

    @Test(arguments: ["", "a", "é\u{0}\r\n"])
    func `text is embedded as it is`(text: String) {
        let literals: [String: StaticString] = ["": "", "a": "a", "é\u{0}\r\n": "é\u{0}\r\n"]
        guard let literal = literals[text] else { return }
        let file = TemplateFile(path: "x", isExecutable: true, encoding: .utf8, literal)
        #expect(file.bytes == Array(text.utf8))
        #expect(file.withBytes { Array($0) } == Array(text.utf8))
        #expect(file.mode == 0o755)
    }
}
