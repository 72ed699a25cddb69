import LinuxSystem
import Testing

@testable import CommandLineInterface

@Suite struct NewPluginTests {
    @Test(arguments: [
        ("DriftPager", "DriftPager", "drift-pager"), ("drift-pager", "DriftPager", "drift-pager"),
        ("pager", "Pager", "pager"), ("S3Copy", "S3Copy", "s3-copy"), ("x", "X", "x"),
    ])
    func `a name gives module and plugin`(word: String, module: String, plugin: String) throws {
        let names = try #require(PluginNames(word))
        #expect(names.module == module)
        #expect(names.plugin == plugin)
    }

    @Test(arguments: [
        "", "1st", "a b", "../x", "pager-", "a--b", "päger", "-x", "a/b", "a.b", "x_y",
        String(repeating: "x", count: 49),
    ])
    func `what gives no name is refused`(word: String) {
        #expect(PluginNames(word) == nil)
    }

    @Test func `the list keeps its order and the rest of the manifest`() throws {
        let manifest = "// a\nlet plugins = [\"Deployer\", \"Validator\"]\nlet x = [1]\n"
        var list = try #require(PluginList(in: manifest))
        #expect(list.names == ["Deployer", "Validator"])
        #expect(list.manifest == manifest)
        list.add("Pager")
        #expect(
            list.manifest
                == "// a\nlet plugins = [\"Deployer\", \"Pager\", \"Validator\"]\nlet x = [1]\n")
    }

    @Test func `a long list is broken as the formatter does, and read again`() throws {
        var list = try #require(PluginList(in: "let plugins = []\n"))
        for number in 10...30 { list.add("Plugin\(number)") }
        #expect(list.manifest.hasPrefix("let plugins = [\n    \"Plugin10\",\n"))
        #expect(try #require(PluginList(in: list.manifest)).names == list.names)
    }

    @Test(arguments: ["", "let plugins = [", "let plugins = [a]", "let others = [\"A\"]"])
    func `a manifest without such a list is none of ours`(manifest: String) {
        #expect(PluginList(in: manifest) == nil)
    }

    @Test func `a plugin is written whole, and nothing is overwritten`() throws {
        let folder = FilePath("/tmp/millrace-new-\(UInt64.random(in: 0 ... .max))")
        try Files.makeDirectories(folder)
        defer { try? Files.removeFolder(folder) }
        let manifest = folder.appending("Package.swift")
        try Files.replace(manifest, with: Array("let plugins = [\"Monitor\"]\n".utf8))
        let names = try #require(PluginNames("DriftPager"))
        let written = try NewPlugin(names: names, checkout: folder).write()
        for path in written { #expect(try FileStatus.of(folder.appending(path)) != nil, "\(path)") }
        let after = try Files.read(manifest, limit: 1000)
        #expect(String(decoding: after, as: UTF8.self).contains("[\"DriftPager\", \"Monitor\"]"))
        #expect(throws: (any Error).self) {
            try NewPlugin(names: names, checkout: folder).write()
        }
        #expect(try Files.read(manifest, limit: 1000) == after)
    }
}
