/// A metric in the text format of Prometheus (version 0.0.4): a name, what it means, and its values.
///
///     # HELP millrace_plugin_handled_total Reactions that came to their end.
///     # TYPE millrace_plugin_handled_total counter
///     millrace_plugin_handled_total{plugin="trainer"} 12
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }

    package struct Label: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Sample: Sendable, Equatable {
        /// Behind the family's name: `_bucket`, `_sum` or `_count` of a histogram, else nothing.
        package let suffix: String
        package let labels: [Label]
        package let value: Double
    }

    package let name: String
    package let kind: Kind
    package let help: String
    package internal(set) var samples: [Sample] = []

    package init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// One value alone, without labels.
    package init(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.init(name, kind, help)
        add(value)
    }

    package mutating func add(_ value: Double, _ labels: Label..., suffix: String = "") {
        samples.append(Sample(suffix: suffix, labels: labels, value: value))
    }

    /// The value under these labels; nil when there is none.
    package func value(_ labels: Label..., suffix: String = "") -> Double? {
        samples.first { $0.suffix == suffix && Set($0.labels) == Set(labels) }?.value
    }
}

extension MetricFamily {
    /// The text of families, in their order; those without a value are left out.
    package static func text(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map {
                        "\($0.name)=\"\(escaped($0.value, quotes: true))\""
                    }
                    text += "{\(labels.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    /// As Go reads it back: whole numbers without a fraction, which is how people like to see them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
