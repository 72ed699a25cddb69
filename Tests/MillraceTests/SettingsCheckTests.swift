import Millrace
import Testing

private enum Trainer: String, Codable, CaseIterable { case logistic, trees, command }

private enum Schedule: Codable, Equatable {
    case daily(hour: Int)
    case never
}

/// Takes a list, or one text that is split at spaces: the kind of form that tries one way first.
private struct Command: Codable, Equatable {
    var words: [String]
    init(_ words: [String]) { self.words = words }
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let line = try? container.decode(String.self) {
            words = line.split(separator: " ").map(String.init)
        } else {
            words = try container.decode([String].self)
        }
    }
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(words)
    }
}

private struct Gate: PluginSettings {
    var metric = ""
    var atLeast: Double?
    init() {}
    func validate(into issues: inout SettingsIssues) {
        issues.require(!metric.isEmpty, "metric", "the name of a metric")
    }
}

private struct Retry: PluginSettings {
    var attempts: UInt8 = 3
    var seconds = 1.5
    init() {}
    static let help = ["attempts": "How often it is tried."]
    func validate(into issues: inout SettingsIssues) {
        issues.require(attempts > 0, "attempts", "a number above 0")
    }
}

private struct Pipeline: PluginSettings {
    var dataset = ""
    var trainer = Trainer.logistic
    var rounds = 100
    var gates: [Gate] = []
    var retry = Retry()
    var start: Timestamp?
    init() {}
    func validate(into issues: inout SettingsIssues) {
        issues.require(!dataset.isEmpty, "dataset", "the name of a dataset")
        issues.require((1...10_000).contains(rounds), "rounds", "a number from 1 to 10000")
    }
}

private struct Plain: Codable, Equatable {
    var low = 0.0
    var high = 1.0
}

private struct Settings: PluginSettings {
    var pipelines: [String: Pipeline] = [:]
    var limits = Plain()
    var byTrainer: [Trainer: Int] = [.trees: 5]
    var names: Set<String> = []
    var schedule = Schedule.never
    var command = Command(["true"])
    var free: JSONValue = ["any": "thing"]
    var note: String? = "none"
    var retry: Retry?
    var quiet = false
    init() {}
}

private func check(_ text: String) throws -> (settings: Settings?, issues: [String]) {
    let document = try JSON5Document(parsing: Array(text.utf8))
    let (settings, issues) = checkSettings(
        Settings.self, value: document.value, document: document)
    return (settings, issues.map(\.description))
}

extension [JSONValue.Member] {
    fileprivate var asObject: JSONValue { .object(self) }
}

struct SettingsCheckTests {
    @Test func `nothing written gives the defaults`() throws {
        let (settings, issues) = try check("{}")
        #expect(settings == Settings())
        #expect(issues == [])
    }

    @Test func `what is written lies over the defaults of its own type`() throws {
        let (settings, issues) = try check(
            """
            { pipelines: { flights: { dataset: "flights", retry: { attempts: 1 },
                gates: [ { metric: "auc", atLeast: 0.7 } ], start: "2026-01-01" } },
              limits: { high: 7 }, byTrainer: { logistic: 1 }, names: ["b", "a"],
              schedule: { daily: { hour: 3 } }, command: "echo hi", free: { x: [1] },
              note: null, retry: { seconds: 2 } }
            """)
        #expect(issues == [])
        var expected = Settings()
        var flights = Pipeline()
        flights.dataset = "flights"
        flights.retry.attempts = 1
        var gate = Gate()
        gate.metric = "auc"
        gate.atLeast = 0.7
        flights.gates = [gate]
        flights.start = Timestamp(parsing: "2026-01-01")
        expected.pipelines = ["flights": flights]
        expected.limits.high = 7
        expected.byTrainer = [.logistic: 1]
        expected.names = ["a", "b"]
        expected.schedule = .daily(hour: 3)
        expected.command = Command(["echo", "hi"])
        expected.free = ["x": [1]]
        expected.note = nil
        expected.retry = Retry()
        expected.retry?.seconds = 2
        #expect(settings == expected)
    }

    @Test func `everything that is wrong is reported at once, with its line`() throws {
        let (settings, issues) = try check(
            """
            {
              pipelines: {
                flights: {
                  dataset: 7,
                  trainer: "tree",
                  rouns: 5,
                  gates: [
                    { metric: "auc", atLeast: "high" },
                    { atLeast: 1 },
                    "auc",
                  ],
                  retry: { attempts: 300, sekonds: 1 },
                  start: "soon",
                },
                trains: {
                  dataset: "trains", rounds: 0, retry: { attempts: 0 },
                },
              },
              limits: { low: "x", hihg: 1 },
              byTrainer: { tree: 1, logistic: "one" },
              names: ["a", 2],
              schedule: { weekly: {} },
              command: 5,
              note: 5,
              retry: [],
              quiet: "yes",
              Note: "x",
            }
            """)
        #expect(settings == nil)
        let expected: [String] = [
            #"line 4: pipelines.flights.dataset: expected a text, found 7"#,
            #"line 5: pipelines.flights.trainer: "#
                + #"expected one of "logistic", "trees", "command", found a text "tree""#,
            #"line 6: pipelines.flights.rouns: unknown key; did you mean "rounds"?"#,
            #"line 8: pipelines.flights.gates.0.atLeast: expected a number, found a text "high""#,
            #"line 9: pipelines.flights.gates.1.metric: "#
                + #"expected the name of a metric, found a text """#,
            #"line 10: pipelines.flights.gates.2: expected an object, found a text "auc""#,
            #"line 12: pipelines.flights.retry.attempts: "#
                + #"expected a whole number from 0 to 255, found 300"#,
            #"line 12: pipelines.flights.retry.sekonds: unknown key; did you mean "seconds"?"#,
            #"line 13: pipelines.flights.start: "#
                + #"expected a time such as 2026-03-03T14:00:00Z, found a text "soon""#,
            #"line 16: pipelines.trains.rounds: expected a number from 1 to 10000, found 0"#,
            #"line 16: pipelines.trains.retry.attempts: expected a number above 0, found 0"#,
            #"line 19: limits.low: expected a number, found a text "x""#,
            #"line 19: limits.hihg: unknown key; did you mean "high"?"#,
            #"line 20: byTrainer.tree: "#
                + #"expected a key that is one of "logistic", "trees", "command", found "tree""#,
            #"line 21: names.1: expected a text, found 2"#,
            #"line 24: note: expected a text, found 5"#,
            #"line 25: retry: expected an object, found an empty list"#,
            #"line 26: quiet: expected true or false, found a text "yes""#,
            #"line 27: Note: unknown key; did you mean "note"?"#,
        ]
        for line in expected { #expect(issues.contains(line), "\(line) in \(issues)") }
        #expect(issues.contains { $0.hasPrefix("line 22: schedule: expected ") })
        #expect(issues.contains { $0.hasPrefix("line 23: command: expected a list") })
        #expect(issues.count >= expected.count + 2)
        #expect(issues.count <= expected.count + 4, "\(issues)")
    }

    @Test func `a required key that is missing is reported where its object stands`() throws {
        let (settings, issues) = try check("{\n pipelines: {\n  flights: {}\n }\n}")
        #expect(settings == nil)
        #expect(
            issues == [
                "line 3: pipelines.flights.dataset: "
                    + #"expected the name of a dataset, found a text """#
            ])
    }

    @Test(arguments: ["[]", "1", "null", "\"x\"", "true"])
    func `settings that are no object are refused`(text: String) throws {
        let (settings, issues) = try check(text)
        #expect(settings == nil)
        #expect(issues.count == 1)
        #expect(issues.first?.hasPrefix("line 1: expected an object, found ") == true)
    }

    @Test func `null only stands for an optional`() throws {
        let (settings, issues) = try check("{quiet: null, note: null}")
        #expect(settings == nil)
        #expect(issues == ["line 1: quiet: expected true or false, found null"])
    }

    @Test func `paths begin where the settings stand in the file`() throws {
        let document = try JSON5Document(parsing: Array("{plugins: {x:\n {quiet: 1}}}".utf8))
        let value = try #require(document.value["plugins"]?["x"])
        let (_, issues) = checkSettings(
            Settings.self, value: value, path: ["plugins", "x"], document: document)
        #expect(
            issues.map(\.description) == [
                "line 2: plugins.x.quiet: expected true or false, found 1"
            ])
        #expect(issues.first?.position == SourcePosition(line: 2, column: 3))
    }

    @Test func `an unknown key far from all others gets the list`() throws {
        let (_, issues) = try check("{limits: {zebra: 1}}")
        #expect(issues == ["line 1: limits.zebra: unknown key; the keys here are low, high"])
    }

    @Test func `nothing that a terminal would obey gets into a message`() throws {
        let evil = "\u{1B}[31m\u{202E}\u{7F}\u{9B}\n"
        let value: JSONValue = [
            .init(evil, 1), .init("quiet", .string(evil)),
            .init("byTrainer", .object([.init(evil, 1)])),
            .init("pipelines", .object([.init(evil, 1)])),
        ].asObject
        let (_, issues) = checkSettings(Settings.self, value: value)
        #expect(issues.count == 4)
        var texts = issues.map(\.description)
        for text in [
            "[\(evil)]", "{\"\(evil)\": \u{1B}}", "'\(evil)", "{a\u{202E}: 1}", "[1\u{200B}]",
        ] {
            let bytes = Array(text.utf8)
            do { _ = try JSON5Document(parsing: bytes) } catch { texts.append(error.description) }
            do { _ = try JSONValue(parsing: bytes) } catch { texts.append(error.description) }
        }
        #expect(texts.count > 9)
        for text in texts {
            let isHarmless = text.unicodeScalars.allSatisfy {
                let category = $0.properties.generalCategory
                return category != .control && category != .format
            }
            #expect(isHarmless, "\(text)")
        }
    }

    @Test func `the example is complete and valid`() throws {
        let example = try exampleSettings(Settings.self)
        #expect(example["limits"] == ["low": 0.0, "high": 1.0])
        let (settings, issues) = try check(example.pretty())
        #expect(settings == Settings())
        #expect(issues == [])
    }

    @Test func `the description names every key with kind, default and help`() {
        let fields = describeSettings(Settings.self)
        func field(_ path: String) -> SettingsField? {
            fields.first { $0.path.joined(separator: ".") == path }
        }
        #expect(field("pipelines")?.kind == "an object")
        #expect(field("pipelines.*.rounds")?.defaultValue == 100)
        #expect(field("pipelines.*.start")?.defaultValue == nil)
        #expect(field("pipelines.*.gates.*.metric")?.kind == "a text")
        #expect(field("pipelines.*.retry.attempts")?.help == "How often it is tried.")
        #expect(field("retry.seconds")?.kind == "a number")
        #expect(field("pipelines.*.trainer")?.kind.hasPrefix("one of \"logistic\"") == true)
        #expect(field("quiet")?.kind == "true or false")
        #expect(
            fields.filter { $0.path.count == 1 }.map { $0.path[0] } == [
                "pipelines", "limits", "byTrainer", "names", "schedule", "command", "free", "note",
                "retry", "quiet",
            ])
    }

    @Test func `the settings of a workspace are described whole, and their example is valid`()
        throws
    {
        let example = try exampleSettings(WorkspaceSettings.self)
        let (settings, issues) = checkSettings(WorkspaceSettings.self, value: example)
        #expect(settings == WorkspaceSettings())
        #expect(issues == [])
        let fields = describeSettings(WorkspaceSettings.self)
        let drain = fields.first { $0.path == ["runtime", "drain"] }
        #expect(drain?.kind == "a text")
        #expect(fields.contains { $0.path == ["pipelines", "*", "gates", "*", "atLeast"] })
        #expect(fields.contains { $0.path == ["datasets", "*", "settle"] })
    }

    @Test func `settings that contain themselves are described once`() throws {
        struct Tree: PluginSettings {
            var name = ""
            var branches: [Tree] = []
            init() {}
        }
        #expect(
            describeSettings(Tree.self).map(\.path) == [
                ["name"], ["branches"],
            ])
        let (tree, issues) = checkSettings(
            Tree.self, value: ["branches": [["name": "a", "branches": [["nam": 1]]]]])
        #expect(tree == nil)
        #expect(
            issues.map(\.description) == [
                #"branches.0.branches.0.nam: unknown key; did you mean "name"?"#
            ])
    }

    @Test func `random settings never trap, and valid ones are never refused`() throws {
        var random = SplitMix(state: 5)
        let keys = [
            "pipelines", "limits", "byTrainer", "names", "schedule", "command", "free", "note",
            "retry", "quiet", "dataset", "trainer", "gates", "metric", "attempts", "low", "daily",
        ]
        func value(_ depth: Int) -> JSONValue {
            guard depth > 0 else { return random.value(depth: 0) }
            var members: [JSONValue.Member] = []
            for key in keys where Int.random(in: 0..<4, using: &random) == 0 {
                members.append(.init(key, value(depth - 1)))
            }
            let object = JSONValue.object(members)
            return Int.random(in: 0..<5, using: &random) == 0 ? [object, "x"] : object
        }
        for _ in 0..<60 {
            let (settings, issues) = checkSettings(Settings.self, value: value(4))
            #expect((settings == nil) != issues.isEmpty)
        }
    }
}
