/// What `millrace plugin new` writes: a plugin that builds, passes its tests, and does something
/// small that its author replaces.
struct NewPluginFiles {
    let names: PluginNames

    /// Each file's path below the package, and its text.
    var all: [(path: String, text: String)] {
        let module = names.module
        return [
            ("Plugins/\(module)/\(module)Plugin.swift", plugin),
            ("Plugins/\(module)/\(module)Settings.swift", settings),
            ("Plugins/\(module)/\(module)Events.swift", events),
            ("Plugins/\(module)/\(module).docc/\(module).md", documentation),
            ("Tests/\(module)Tests/\(module)Tests.swift", tests),
        ]
    }

    private var plugin: String {
        """
        public import Millrace

        /// Takes note of drops with many rows. Replace the reaction with your own.
        public struct \(names.module)Plugin: Plugin {
            public static let name: PluginName = "\(names.plugin)"
            public static let summary = "Takes note of drops with many rows."

            let settings: \(names.module)Settings

            public init(settings: \(names.module)Settings) { self.settings = settings }

            public var reactions: some Reactions {
                On(DataAccepted.self) { accepted, context -> [\(names.module)Noted] in
                    guard accepted.file.rows >= settings.rows else { return [] }
                    context.log(.info, "\\(accepted.file.path) has \\(accepted.file.rows) rows")
                    return [\(names.module)Noted(dataset: accepted.dataset, rows: accepted.file.rows)]
                }
            }
        }

        """
    }

    private var settings: String {
        """
        public import Millrace

        /// The section `plugins.\(names.plugin)` of `millrace.json`.
        public struct \(names.module)Settings: PluginSettings {
            /// Drops with fewer rows are passed over.
            public var rows = 1000

            public init() {}

            public static let help = ["rows": "drops with fewer rows are passed over"]

            public func validate(into issues: inout SettingsIssues) {
                issues.require(rows >= 1, "rows", "at least 1")
            }
        }

        """
    }

    private var events: String {
        """
        public import Millrace

        /// A drop with many rows was accepted.
        public struct \(names.module)Noted: EventPayload {
            public static let type = "\(names.plugin).noted"

            public var dataset: String
            public var rows: Int

            public var subject: Subject { .dataset(dataset) }

            public var summary: String { "\\(rows) rows" }

            public init(dataset: String, rows: Int) {
                self.dataset = dataset
                self.rows = rows
            }
        }

        """
    }

    private var documentation: String {
        """
        # ``\(names.module)``

        Takes note of drops with many rows.

        ## Overview

        Reacts to `data.accepted` and emits `\(names.plugin).noted` for each drop with at least
        `rows` rows. Its section in `millrace.json`, with the default:

        ```
        plugins: { "\(names.plugin)": { rows: 1000 } }
        ```

        `millrace plugin show \(names.plugin)` prints what it reacts to, emits and takes as settings,
        from its declaration. A reaction touches the world through its context alone, and may be called
        again with the same event after a crash: what it does then must come to the same.

        """
    }

    private var tests: String {
        """
        import Millrace
        import MillraceTesting
        import Testing

        @testable import \(names.module)

        @Suite struct \(names.module)Tests {
            @Test func `a drop with many rows is noted, a small one is not`() async throws {
                let mill = try TestMill([\(names.module)Plugin.self])
                try await mill.accept("data/flights/small.csv", rows: 999)
                #expect(try mill.emitted(\(names.module)Noted.self).isEmpty)
                try await mill.accept("data/flights/large.csv", rows: 1000)
                #expect(try mill.emitted(\(names.module)Noted.self).map(\\.rows) == [1000])
            }

            @Test func `the number of rows can be set, and has to make sense`() throws {
                var settings = WorkspaceSettings()
                settings.plugins["\(names.plugin)"] = ["rows": 0]
                #expect(throws: (any Error).self) {
                    try TestMill([\(names.module)Plugin.self], settings: settings)
                }
            }

            @Test func `it keeps the promises of a plugin`() async throws {
                try await checkConformance(\(names.module)Plugin.self) { mill in
                    try await mill.accept("data/flights/small.csv", rows: 5)
                    try await mill.accept("data/flights/large.csv", rows: 5000)
                }
            }
        }

        """
    }
}
