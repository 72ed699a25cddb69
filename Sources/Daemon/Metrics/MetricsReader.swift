/// Reads the text format of Prometheus back, strictly: everything that `promtool check metrics` or a
/// scrape would refuse is refused, and so is what they only frown upon. `millrace status` reads with it
/// what the daemon wrote last, and the tests check with it what the daemon writes.
package struct MetricsReader {
    package struct Problem: Error, CustomStringConvertible {
        package let line: Int
        package let reason: String

        package init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }

        package var description: String { "line \(line): \(reason)" }
    }

    private var families: [MetricFamily] = []
    private var names: Set<String> = []
    private var help: (name: String, text: String)?
    private var line = 0

    package static func families(in text: String) throws(Problem) -> [MetricFamily] {
        var reader = MetricsReader()
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        if lines.popLast() != "" {
            throw Problem(line: lines.count + 1, reason: "the last line is not ended")
        }
        for line in lines { try reader.read(line) }
        if let help = reader.help { throw reader.problem("\(help.name) has no type") }
        for family in reader.families { try reader.check(family) }
        return reader.families
    }

    private func problem(_ reason: String) -> Problem { Problem(line: line, reason: reason) }

    private mutating func read(_ text: Substring) throws(Problem) {
        line += 1
        if text.hasPrefix("# HELP ") { return try readHelp(text.dropFirst(7)) }
        if text.hasPrefix("# TYPE ") { return try readType(text.dropFirst(7)) }
        if text.hasPrefix("#") { throw problem("a comment that says neither HELP nor TYPE") }
        try readSample(text)
    }

    private mutating func readHelp(_ text: Substring) throws(Problem) {
        if let help { throw problem("\(help.name) has no type") }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, MetricsReader.isName(parts[0], colons: true) else {
            throw problem("HELP without a name and words")
        }
        help = (String(parts[0]), try unescaped(parts[1], quotes: false))
    }

    private mutating func readType(_ text: Substring) throws(Problem) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = MetricFamily.Kind(rawValue: String(parts[1])) else {
            throw problem("TYPE without a name and one of counter, gauge, histogram")
        }
        guard let help, help.name == parts[0] else {
            throw problem("\(parts[0]) is not explained just before its type")
        }
        guard names.insert(help.name).inserted else {
            throw problem("\(help.name) comes a second time")
        }
        families.append(MetricFamily(help.name, kind, help.text))
        self.help = nil
    }

    private mutating func readSample(_ text: Substring) throws(Problem) {
        if let help { throw problem("\(help.name) has no type") }
        guard let family = families.last else { throw problem("a value without a type before it") }
        let name = text.prefix { $0 != "{" && $0 != " " }
        guard name.hasPrefix(family.name) else {
            throw problem("\(name) stands among the values of \(family.name)")
        }
        let suffix = String(name.dropFirst(family.name.count))
        let allowed = family.kind == .histogram ? ["_bucket", "_sum", "_count"] : [""]
        guard allowed.contains(suffix) else { throw problem("\(name) is of no declared metric") }
        var rest = text.dropFirst(name.count)
        let labels = try readLabels(&rest)
        guard rest.first == " ", let value = MetricsReader.number(rest.dropFirst()) else {
            throw problem("no number behind \(name)")
        }
        let isKnown = family.samples.contains {
            $0.suffix == suffix && isSame($0.labels, labels)
        }
        if isKnown { throw problem("\(name) has these labels a second time") }
        families[families.count - 1].samples.append(
            MetricFamily.Sample(suffix: suffix, labels: labels, value: value))
    }

    /// The same labels in any order; no name comes twice.
    private func isSame(_ a: [MetricFamily.Label], _ b: [MetricFamily.Label]) -> Bool {
        a.count == b.count && a.allSatisfy(b.contains)
    }

    private func readLabels(_ rest: inout Substring) throws(Problem) -> [MetricFamily.Label] {
        guard rest.first == "{" else { return [] }
        rest.removeFirst()
        var labels: [MetricFamily.Label] = []
        while true {
            let name = rest.prefix { $0 != "=" }
            rest = rest.dropFirst(name.count)
            guard MetricsReader.isName(name, colons: false), rest.hasPrefix("=\"") else {
                throw problem("labels that are not name=\"value\"")
            }
            rest = rest.dropFirst(2)
            var value = Substring()
            var isEscaped = false
            while let next = rest.first, isEscaped || next != "\"" {
                isEscaped = !isEscaped && next == "\\"
                value.append(next)
                rest.removeFirst()
            }
            guard rest.popFirst() == "\"" else { throw problem("a label's value does not end") }
            guard !labels.contains(where: { $0.name == name }) else {
                throw problem("the label \(name) comes twice")
            }
            labels.append(MetricFamily.Label(String(name), try unescaped(value, quotes: true)))
            switch rest.popFirst() {
            case "}": return labels
            case ",": continue
            default: throw problem("labels that do not end")
            }
        }
    }

    private func unescaped(_ text: Substring, quotes: Bool) throws(Problem) -> String {
        var plain = ""
        var characters = text.makeIterator()
        while let next = characters.next() {
            guard next == "\\" else {
                plain.append(next)
                continue
            }
            switch characters.next() {
            case "\\": plain.append("\\")
            case "n": plain.append("\n")
            case "\"" where quotes: plain.append("\"")
            default: throw problem("a backslash before what needs none")
            }
        }
        return plain
    }

    private static func isName(_ name: Substring, colons: Bool) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "_"): true
            default: colons && byte == UInt8(ascii: ":")
            }
        }
    }

    /// What Go writes and nothing more: Swift alone would take `0x10` and `inf` too.
    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "NaN": return .nan
        case "+Inf": return .infinity
        case "-Inf": return -.infinity
        default:
            let isPlain = text.utf8.allSatisfy {
                (48...57).contains($0) || "+-.eE".utf8.contains($0)
            }
            return isPlain ? Double(text) : nil
        }
    }
}

// MARK: what holds for a whole family

extension MetricsReader {
    private func check(_ family: MetricFamily) throws(Problem) {
        func fail(_ reason: String) -> Problem { problem("\(family.name): \(reason)") }
        guard !family.samples.isEmpty else { throw fail("it has no value") }
        guard family.help.hasSuffix("."), family.help.count > 10 else {
            throw fail("its help is no sentence")
        }
        let isTotal = family.name.hasSuffix("_total")
        guard (family.kind == .counter) == isTotal else {
            throw fail("counters, and nothing else, end in _total")
        }
        if family.kind == .counter, !family.samples.allSatisfy({ $0.value >= 0 }) {
            throw fail("a counter is not negative")
        }
        if family.kind == .histogram { try checkHistogram(family) }
    }

    private func checkHistogram(_ family: MetricFamily) throws(Problem) {
        func rest(_ sample: MetricFamily.Sample) -> Set<MetricFamily.Label> {
            Set(sample.labels.filter { $0.name != "le" })
        }
        for labels in Set(family.samples.map(rest)) {
            let own = family.samples.filter { rest($0) == labels }
            let buckets = own.filter { $0.suffix == "_bucket" }.map { sample in
                let bound = sample.labels.first { $0.name == "le" }?.value ?? ""
                return (MetricsReader.number(bound[...]) ?? .nan, sample.value)
            }
            let isAscending = zip(buckets, buckets.dropFirst()).allSatisfy {
                $0.0 < $1.0 && $0.1 <= $1.1
            }
            guard isAscending, let last = buckets.last, last.0 == .infinity,
                own.count(where: { $0.suffix == "_sum" }) == 1,
                own.filter({ $0.suffix == "_count" }).map(\.value) == [last.1]
            else {
                throw problem("\(family.name): its buckets do not add up")
            }
        }
    }
}
