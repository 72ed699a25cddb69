import Testing

@testable import Console

@Suite struct ParsingTests {
    private func value(_ name: String, _ words: RawArgument...) async throws -> String {
        let result = await Sample.run(["events"] + words)
        try #require(result.code == .success, "\(result.err)")
        let line = try #require(
            result.out.split(separator: "\n").first { $0.hasPrefix(name + " ") })
        return String(line.dropFirst(name.count + 1))
    }

    @Test func `values are attached with an equals sign, a space or nothing`() async throws {
        #expect(try await value("limit", "--limit", "7") == "7")
        #expect(try await value("limit", "--limit=7") == "7")
        #expect(try await value("limit", "-n", "7") == "7")
        #expect(try await value("limit", "-n7") == "7")
        #expect(try await value("limit", "-n=7") == "7")
        #expect(try await value("limit") == "20")
        #expect(try await value("workspace", "--workspace=a=b") == "a=b")
    }

    @Test func `flags cluster and the last letter of a cluster may take a value`() async throws {
        #expect(try await value("json", "-fj") == "true")
        #expect(try await value("follow", "-jf") == "true")
        #expect(try await value("limit", "-fjn", "3") == "3")
        #expect(try await value("limit", "-fjn3") == "3")
    }

    @Test func `a repeated option keeps every value in order`() async throws {
        #expect(try await value("type", "-t", "a", "--type=b", "-tc") == "a+b+c")
    }

    @Test func `an optional value is only what is attached`() async throws {
        #expect(try await value("color") == "none")
        #expect(try await value("color", "--color") == "always")
        #expect(try await value("color", "--color=never") == "never")
    }

    @Test func `a negative number is a value, not an option`() async throws {
        #expect(try await value("offset", "--offset", "-5") == "-5")
        #expect(await Sample.run("why", "m", "-2.5").out == "m -2.5 production\n")
    }

    @Test func `after two dashes every word is an argument`() async throws {
        let result = await Sample.run("check", "--", "--json", "-", "--")
        #expect(result.out == "--json\n-\n--\n")
    }

    @Test func `a path need not be UTF-8 and is shown escaped`() async {
        let result = await Sample.run("check", RawArgument(bytes: [0x61, 0xFF, 0x0A]))
        #expect(result.out == "a\\xFF\\n\n")
    }

    @Test func `options of a command may come before and after its arguments`() async {
        #expect(await Sample.run("why", "--stage", "staging", "m").out == "m 1.0 staging\n")
        #expect(await Sample.run("why", "m", "--stage", "staging").out == "m 1.0 staging\n")
        #expect(await Sample.run("plugin", "list", "-j").out == "list true\n")
    }

    @Test func `durations are read with units`() async throws {
        #expect(try await value("within", "--within=90") == "90.000")
        #expect(try await value("within", "--within=1h30m") == "5400.000")
        #expect(try await value("within", "--within=250ms") == "0.250")
        #expect(try await value("within", "--within=2min") == "120.000")
    }

    @Test(arguments: ["", "h", "5x", "1h30", "-5m", "nan", "inf", "1e999", "0x10", "1..5m"])
    func `a duration that means nothing is refused`(text: String) async {
        let result = await Sample.run("events", RawArgument("--within=" + text))
        #expect(result.code == .usage)
        #expect(result.err.contains("takes a time such as"))
    }
}
