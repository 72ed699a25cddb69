import Foundation
import Testing

/// The house rules. Each failure names file and line, and what to do instead.
@Suite struct HouseRulesTests {
    @Test func `the sources are found`() {
        #expect(SourceTree.swiftFiles.count > 50)
        #expect(SourceTree.files.contains { $0.path.hasSuffix(".c") })
    }

    @Test func `the plugin folders are those listed in the manifest`() throws {
        let manifest = try String(
            contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
        let start = try #require(manifest.range(of: "\nlet plugins = ["))
        let list = manifest[start.upperBound...].prefix { $0 != "]" }
        let listed = list.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: SourceTree.root.appending(path: "Plugins").path
        ).filter { !$0.hasPrefix(".") }
        for folder in folders where !listed.contains(folder) {
            Issue.record("Plugins/\(folder) is missing from `plugins` in Package.swift")
        }
        for name in listed where !folders.contains(name) {
            Issue.record("Package.swift lists the plugin \(name), and Plugins/\(name) is not there")
        }
        #expect(listed == listed.sorted(), "the list of plugins is in alphabetical order")
    }

    @Test func `no file is longer than 400 lines`() {
        for file in SourceTree.files where file.lines.count > 401 {
            Issue.record("\(file.path) has \(file.lines.count - 1) lines: split it by subject")
        }
    }

    @Test func `nothing is left to be done`() {
        // Spelled in parts, so that this file keeps its own rule.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]
        for file in SourceTree.files {
            for (index, line) in file.lines.enumerated() {
                for mark in marks where line.contains(mark) {
                    Issue.record("\(file.path):\(index + 1) says \(mark): do it, or open an issue")
                }
            }
        }
    }

    @Test func `no two source files have the same name`() {
        // Payloads are named after the subject whose code lives in another module.
        let named = SourceTree.swiftFiles.filter {
            $0.isSource && $0.name != "main.swift"
                && !$0.path.hasPrefix("Sources/Millrace/Payloads/")
        }
        let groups = Dictionary(grouping: named, by: \.name)
        for (name, files) in groups where files.count > 1 {
            let paths = files.map(\.path).joined(separator: ", ")
            Issue.record("\(name) is the name of \(paths): one noun, one file")
        }
    }
}
