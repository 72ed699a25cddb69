/// How the word after an option, or an argument, becomes a value.
package struct ValueType<Value: Sendable>: Sendable {
    /// What stands for the value in help pages: `DIR`, `N`.
    package let placeholder: String
    /// What is accepted, as the end of the sentence "--limit takes …".
    package let expectation: String
    package let candidates: Candidates
    /// The value as a person would type it, for defaults in help pages.
    let describe: @Sendable (Value) -> String
    let parse: @Sendable (RawArgument) -> Value?

    package init(
        placeholder: String, expectation: String, candidates: Candidates = .nothing,
        describe: @escaping @Sendable (Value) -> String = { "\($0)" },
        parse: @escaping @Sendable (RawArgument) -> Value?
    ) {
        self.placeholder = placeholder
        self.expectation = expectation
        self.candidates = candidates
        self.describe = describe
        self.parse = parse
    }

    /// The same type under another placeholder.
    package func named(_ placeholder: String) -> ValueType {
        ValueType(
            placeholder: placeholder, expectation: expectation, candidates: candidates,
            describe: describe, parse: parse)
    }
}

/// What a shell can offer for a value.
package enum Candidates: Sendable, Equatable {
    case nothing
    case words([String])
    case files
    case directories
    /// The names of the program's own commands (for `help`).
    case commands

    var words: [String] {
        if case .words(let words) = self { words } else { [] }
    }
}

extension ValueType where Value == String {
    package static let text = ValueType(
        placeholder: "TEXT", expectation: "text in UTF-8", parse: \.text)

    /// One of some words, exactly.
    package static func choice(_ words: [String], placeholder: String? = nil) -> ValueType {
        ValueType(
            placeholder: placeholder ?? words.joined(separator: "|"),
            expectation: "one of " + words.joined(separator: ", "), candidates: .words(words)
        ) { word in
            word.text.flatMap { words.contains($0) ? $0 : nil }
        }
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the cases of an enum, by their raw values.
    package static func choice(placeholder: String? = nil) -> ValueType {
        let words = Value.allCases.map(\.rawValue)
        return ValueType(
            placeholder: placeholder ?? words.joined(separator: "|"),
            expectation: "one of " + words.joined(separator: ", "), candidates: .words(words),
            describe: \.rawValue
        ) { $0.text.flatMap(Value.init(rawValue:)) }
    }
}

extension ValueType where Value == Int {
    package static func integer(_ range: ClosedRange<Int> = Int.min...Int.max) -> ValueType {
        ValueType(placeholder: "N", expectation: "a whole number" + description(of: range)) {
            $0.text.flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func description(of range: ClosedRange<Int>) -> String {
        switch (range.lowerBound == .min, range.upperBound == .max) {
        case (true, true): ""
        case (false, true): ", \(range.lowerBound) or more"
        case (true, false): ", \(range.upperBound) or less"
        case (false, false): " from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}

extension ValueType where Value == Double {
    package static func number(_ range: ClosedRange<Double>? = nil) -> ValueType {
        let limits = range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""
        return ValueType(placeholder: "X", expectation: "a number" + limits) { word in
            // Double would take "nan", "inf" and hexadecimal too.
            guard let text = word.text,
                text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }),
                let value = Double(text), value.isFinite, range?.contains(value) ?? true
            else { return nil }
            return value
        }
    }

    /// A span of time in seconds: `90`, `1.5h`, `250ms`, `1h30m`.
    package static let duration = ValueType(
        placeholder: "TIME", expectation: "a time such as 30s, 5m, 1h30m or 2d",
        describe: { Format.duration(seconds: $0) }, parse: { $0.text.flatMap(seconds(in:)) })

    static func seconds(in text: String) -> Double? {
        if let plain = ValueType<Double>.number(0...1e12).parse(RawArgument(text)) { return plain }
        let units: [(String, Double)] = [
            ("ms", 0.001), ("s", 1), ("min", 60), ("m", 60), ("h", 3600), ("d", 86_400),
            ("w", 604_800),
        ]
        var rest = text[...]
        var total = 0.0
        repeat {
            let digits = rest.prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
            rest = rest.dropFirst(digits.count)
            guard let amount = Double(digits), amount.isFinite,
                let unit = units.first(where: { rest.hasPrefix($0.0) })
            else { return nil }
            rest = rest.dropFirst(unit.0.count)
            total += amount * unit.1
        } while !rest.isEmpty
        return total <= 1e12 ? total : nil
    }
}

extension ValueType where Value == [UInt8] {
    /// A path to a file, as bytes.
    package static let file = path(placeholder: "FILE", candidates: .files)
    /// A path to a directory, as bytes.
    package static let directory = path(placeholder: "DIR", candidates: .directories)

    private static func path(placeholder: String, candidates: Candidates) -> ValueType {
        ValueType(
            placeholder: placeholder, expectation: "a path", candidates: candidates,
            describe: { sanitized(bytes: $0) }, parse: { $0.bytes.isEmpty ? nil : $0.bytes })
    }
}
