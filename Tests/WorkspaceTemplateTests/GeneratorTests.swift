import Testing

@testable import generator

/// The source code that the build writes.
@Suite struct GeneratorTests {
    private func source(_ bytes: [UInt8], isExecutable: Bool = false) -> String {
        let file = SourceFile(path: "a \"b\".txt", isExecutable: isExecutable, bytes: bytes)
        return String(decoding: templateSource(files: [file]), as: UTF8.self)
    }

    @Test func `text is a literal with what is special escaped`() {
        let text = source(Array("a\"b\\c\n\t\u{0}é\\(x)\r\n".utf8), isExecutable: true)
        #expect(text.contains("path: \"a \\\"b\\\".txt\", isExecutable: true, encoding: .utf8,"))
        #expect(text.contains("\"a\\\"b\\\\c\\n\\u{9}\\u{0}é\\\\(x)\\u{d}\\n\""))
    }

    @Test func `bytes that are not UTF-8 are characters up to FF`() {
        let text = source([0xFF, 0x41, 0x80, 0x0A])
        #expect(text.contains("encoding: .bytes,\n            \"\\u{ff}A\\u{80}\\n\""))
    }

    @Test func `the registry imports each plugin and names its type`() {
        let text = String(
            decoding: registrySource(plugins: ["Deployer", "Trainer"]), as: UTF8.self)
        #expect(text.contains("import Deployer\nimport Trainer\nimport Millrace\n"))
        #expect(
            text.contains(
                """
                let registeredPlugins: [any Millrace.Plugin.Type] = [
                    Deployer.DeployerPlugin.self,
                    Trainer.TrainerPlugin.self,
                ]
                """))
    }
}
