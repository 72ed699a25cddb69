import Daemon
import Glibc
import LinuxSystem
import Testing

@Suite struct MetricsTests {
    typealias Label = MetricFamily.Label

    @Test func `whatever stands in a label comes back`() throws {
        var counter = MetricFamily("a_total", .counter, "Backslashes \\, and\nlines are kept.")
        for text in ["plain", "a\"b", "back\\slash", "two\nlines", "", "ünï → 🙂", "{a=\"b\"} 1"] {
            counter.add(3, Label("one", text), Label("two", "x"))
        }
        var times = MetricFamily("b_seconds", .histogram, "How long it took.")
        times.add(1, Label("le", "0.1"), suffix: "_bucket")
        times.add(4, Label("le", "+Inf"), suffix: "_bucket")
        times.add(1.5e-05, suffix: "_sum")
        times.add(4, suffix: "_count")
        let numbers = [0, -1.5, 1e300, 2.5e-300, .infinity, -.infinity, 9_007_199_254_740_992, 0.1]
        let gauges = numbers.enumerated().map {
            MetricFamily("c_\($0.offset)", .gauge, "A number and nothing else.", $0.element)
        }
        let families = [counter, times] + gauges
        let text = MetricFamily.text(families + [MetricFamily("empty", .gauge, "Has no value.")])
        #expect(try MetricsReader.families(in: text) == families)
    }

    @Test func `that the journal cannot be written is noted in place`() throws {
        let folder = "/tmp/metrics-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let file = FilePath(folder)
        defer { try? Files.unlink(file) }
        func text(_ writable: Double) -> String {
            MetricFamily.text([
                MetricFamily("millrace_up", .gauge, "Whether it runs at all.", 1),
                MetricFamily(
                    "millrace_journal_writable", .gauge, "Whether it can be written.", writable),
                MetricFamily("millrace_z", .gauge, "Another thing that counts.", 1),
            ])
        }
        try Files.replace(file, with: Array(text(1).utf8), durable: false)
        let before = try FileStatus.of(file)?.inode
        for _ in 0..<2 {
            MetricFamily.noteUnwritable(in: file)
            #expect(try Files.read(file, limit: 1 << 16) == Array(text(0).utf8))
        }
        #expect(try FileStatus.of(file)?.inode == before)
        for other in ["", "millrace_journal_writable 1\n"] {
            try Files.replace(file, with: Array(other.utf8), durable: false)
            MetricFamily.noteUnwritable(in: file)
            #expect(try Files.read(file, limit: 1 << 16) == Array(other.utf8))
        }
    }

    @Test(arguments: [
        "", "\n", "a 1\n", "# TYPE a gauge\na 1\n", "# HELP a Is a thing of worth.\na 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na 1",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na one\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na 0x10\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na{b=\"c\" 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na{b=\"c\",} 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na{1=\"c\"} 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na{b=\"c\",b=\"d\"} 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na{b=\"\\t\"} 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\nb 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a counter\na 1\n",
        "# HELP a_total Is a thing of worth.\n# TYPE a_total gauge\na_total 1\n",
        "# HELP a_total Is a thing of worth.\n# TYPE a_total counter\na_total -1\n",
        "# HELP a Is a thing of worth.\n# TYPE a counters\na 1\n",
        "# HELP 1a Is a thing of worth.\n# TYPE 1a gauge\n1a 1\n",
        "# HELP a Is a thing of worth.\n# TYPE a gauge\na 1\n# HELP a Is a thing of worth.\n"
            + "# TYPE a gauge\na{b=\"c\"} 1\n",
        "# HELP a What is this.\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\n",
        "# HELP a What is this.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
        "# HELP a What is this.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\n"
            + "a_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# HELP a What is this.\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 2\na_sum 1\na_count 1\n",
    ])
    func `what a scrape would refuse is refused`(_ text: String) {
        // Nothing at all is not ended either: a file that was cut off is not taken for an empty one.
        #expect(throws: MetricsReader.Problem.self, "\(text)") {
            if try MetricsReader.families(in: text).isEmpty {
                throw MetricsReader.Problem(line: 0, reason: "nothing is there")
            }
        }
    }
}
