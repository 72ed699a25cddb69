import Daemon
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// The file for node_exporter's textfile collector, as the program writes it.
    @Suite struct MetricsFileTests {
        typealias Label = MetricFamily.Label

        @Test func `it says how the daemon is, in a form that a strict reader takes`() async throws
        {
            try await Workspace.use { mill in
                try configure(mill, textfile: ".millrace/metrics/millrace.prom")
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                try mill.drop("no table at all", at: "data/flights/b.bin")
                try mill.start()
                try mill.wait(for: StageChecked.self) { $0.stage == "production" }
                try waitUntil("the metrics show the model") {
                    let now = try metrics(mill)
                    return value("millrace_model_version", in: now, Label("model", "delays")) == 1
                        && value("millrace_vault_objects", in: now) ?? 0 > 0
                }
                let families = try metrics(mill)
                #expect(value("millrace_up", in: families) == 1)
                let trainer = Label("plugin", "trainer")
                #expect(value("millrace_plugin_handled_total", in: families, trainer) ?? 0 > 0)
                #expect(value("millrace_watched_folders", in: families) ?? 0 >= 5)
                #expect(value("millrace_files_total", in: families) ?? 0 >= 2)
                let times = try #require(
                    families.first { $0.name == "millrace_plugin_reaction_seconds" })
                #expect(
                    times.value(trainer, suffix: "_count")
                        == value("millrace_plugin_handled_total", in: families, trainer))

                let status = try mill.run(["status"])
                #expect(status.out.contains("watched; journal "), "\(status)")

                try mill.signal(SIGTERM)
                #expect(try mill.waitForEnd() == .exited(0))
                let last = try metrics(mill)
                #expect(value("millrace_up", in: last) == 0)
                #expect(value("millrace_journal_head", in: last) ?? 0 + 2 >= Double(try mill.mark))
                #expect(value("millrace_plugin_lag_events", in: last, trainer) == 0)
                // A counter goes on where the journal left off.
                try mill.start()
                try waitUntil("the next daemon has written") {
                    value("millrace_up", in: try metrics(mill)) == 1
                }
                #expect(
                    value("millrace_plugin_handled_total", in: try metrics(mill), trainer)
                        == value("millrace_plugin_handled_total", in: last, trainer))
            }
        }

        @Test func `a file among the inputs is not written, which is said once`() async throws {
            try await Workspace.use { mill in
                try configure(
                    mill, textfile: mill.root.appending("data/flights/millrace.prom").string)
                try Files.makeDirectories(mill.root.appending("data/flights"))
                try mill.start()
                try waitUntil("it is said") {
                    mill.logTail.contains("the metrics could not be written")
                }
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                try mill.wait(for: StageChecked.self) { $0.stage == "production" }
                try mill.signal(SIGTERM)
                #expect(try mill.waitForEnd() == .exited(0))
                let log = try mill.text("daemon.log")
                #expect(log.ranges(of: "the metrics could not be written").count == 1)
                #expect(
                    try FileStatus.of(mill.root.appending("data/flights/millrace.prom")) == nil)
            }
        }

        private func configure(_ mill: Workspace, textfile: String) throws {
            let settings = try mill.text("millrace.json")
            let cut = try #require(settings.lastIndex(of: "}"))
            try mill.write(
                Array(
                    (settings[..<cut]
                        + "metrics: { textfile: \"\(textfile)\", interval: \"100ms\" },\n}\n").utf8),
                to: mill.layout.settings)
        }

        private func metrics(_ mill: Workspace) throws -> [MetricFamily] {
            let file = mill.root.appending(".millrace/metrics/millrace.prom")
            guard try FileStatus.of(file) != nil else { return [] }
            return try MetricsReader.families(
                in: String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self))
        }

        private func value(
            _ name: String, in families: [MetricFamily], _ labels: Label...
        ) -> Double? {
            families.first { $0.name == name }?.samples.first { sample in
                labels.allSatisfy { sample.labels.contains($0) }
            }?.value
        }
    }
}
