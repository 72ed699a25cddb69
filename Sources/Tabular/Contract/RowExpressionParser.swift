/// Reads a `RowExpression` by recursive descent, checking that only like things are compared.
struct RowExpressionParser {
    private enum Token: Equatable {
        case word(String), name(String), number(Double), text(String), symbol(String), end
    }

    private typealias Typed = (node: RowExpression.Node, kind: RowExpression.Kind)

    private let source: String
    private let columns: [(name: String, type: ColumnType)]
    private var tokens: [(token: Token, at: Int)] = []
    private var position = 0
    private var depth = 0
    private(set) var used: Set<Int> = []

    init(_ source: String, columns: [(name: String, type: ColumnType)]) throws(TabularError) {
        self.source = source
        self.columns = columns
        try tokenize()
    }

    private func failure(_ what: String, at place: Int? = nil) -> TabularError {
        let place = place ?? tokens[min(position, tokens.count - 1)].at
        return TabularError(
            .contract,
            "rule \"\(escapedText(source, limit: 80))\", character \(place + 1): \(what)")
    }

    private mutating func tokenize() throws(TabularError) {
        let text = Array(source.unicodeScalars)
        if text.count > 4_000 { throw failure("longer than 4,000 characters", at: 0) }
        var index = 0
        while index < text.count {
            let start = index
            let scalar = text[index]
            if scalar == " " || scalar == "\t" || scalar == "\n" {
                index += 1
            } else if scalar == "'" || scalar == "\"" || scalar == "`" {
                var content = String.UnicodeScalarView()
                index += 1
                while true {
                    guard index < text.count else { throw failure("never closed", at: start) }
                    if text[index] == scalar {
                        index += 1
                        guard index < text.count, text[index] == scalar else { break }
                    }
                    content.append(text[index])
                    index += 1
                }
                tokens.append(
                    (scalar == "'" ? .text(String(content)) : .name(String(content)), start))
            } else if scalar.properties.numericType != nil || scalar == "." {
                while index < text.count, Self.isNumberPart(text, index) { index += 1 }
                let digits = String(String.UnicodeScalarView(text[start..<index]))
                let parsed = Array(digits.utf8).withUnsafeBufferPointer { bytes in
                    bytes.baseAddress.map { parseNumber($0, bytes.count) } ?? .none
                }
                guard parsed.kind != .none else { throw failure("no number", at: start) }
                tokens.append((.number(parsed.value), start))
            } else if scalar.properties.isAlphabetic || scalar == "_" {
                while index < text.count, Self.isWordPart(text[index]) { index += 1 }
                tokens.append((.word(String(String.UnicodeScalarView(text[start..<index]))), start))
            } else {
                let two = String(String.UnicodeScalarView(text[start..<min(start + 2, text.count)]))
                let known = ["==", "!=", "<>", "<=", ">="].contains(two)
                index += known ? 2 : 1
                tokens.append((.symbol(known ? two : String(scalar)), start))
            }
        }
        tokens.append((.end, text.count))
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar == "_" || scalar == "."
            || scalar.properties.numericType != nil
    }

    private static func isNumberPart(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
        let scalar = text[index]
        if scalar.isASCII, scalar.properties.numericType != nil || scalar == "." { return true }
        if scalar == "e" || scalar == "E" { return true }
        guard index > 0, scalar == "-" || scalar == "+" else { return false }
        return text[index - 1] == "e" || text[index - 1] == "E"
    }

    private var token: Token { tokens[position].token }

    private mutating func takes(symbol: String) -> Bool {
        guard token == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func takes(word: String) -> Bool {
        guard case .word(let found) = token, found.lowercased() == word else { return false }
        position += 1
        return true
    }

    mutating func parse() throws(TabularError) -> RowExpression.Node {
        let (node, kind) = try disjunction()
        guard token == .end else { throw failure("this does not belong here") }
        guard kind == .truth else { throw failure("not a condition", at: 0) }
        return node
    }

    private mutating func disjunction() throws(TabularError) -> Typed {
        depth += 1
        defer { depth -= 1 }
        if depth > 50 { throw failure("nested more than 50 deep") }
        var left = try conjunction()
        while takes(word: "or") {
            let right = try conjunction()
            try requireTruth(left, right)
            left = (.or(left.node, right.node), .truth)
        }
        return left
    }

    private mutating func conjunction() throws(TabularError) -> Typed {
        var left = try negation()
        while takes(word: "and") {
            let right = try negation()
            try requireTruth(left, right)
            left = (.and(left.node, right.node), .truth)
        }
        return left
    }

    private func requireTruth(_ operands: Typed...) throws(TabularError) {
        for operand in operands where operand.kind != .truth { throw failure("not a condition") }
    }

    private mutating func negation() throws(TabularError) -> Typed {
        var isNegated = false
        while takes(word: "not") { isNegated.toggle() }
        let inner = try comparison()
        guard isNegated else { return inner }
        try requireTruth(inner)
        return (.not(inner.node), .truth)
    }

    private mutating func comparison() throws(TabularError) -> Typed {
        let left = try sum()
        if takes(word: "is") {
            let isNegated = takes(word: "not")
            guard takes(word: "null") else { throw failure("null is expected here") }
            let node = RowExpression.Node.isNull(left.node)
            return (isNegated ? .not(node) : node, .truth)
        }
        if takes(word: "in") { return try membership(left) }
        guard case .symbol(let symbol) = token, let comparison = Self.comparison(symbol) else {
            return left
        }
        position += 1
        return try compared(comparison, left, try sum())
    }

    private mutating func membership(_ left: Typed) throws(TabularError) -> Typed {
        guard takes(symbol: "(") else { throw failure("( is expected here") }
        var result: Typed?
        repeat {
            let equal = try compared(.equal, left, try sum())
            result = result.map { (.or($0.node, equal.node), .truth) } ?? equal
        } while takes(symbol: ",")
        guard takes(symbol: ")"), let result else { throw failure(") is expected here") }
        return result
    }

    private static func comparison(_ symbol: String) -> RowExpression.Comparison? {
        switch symbol {
        case "=", "==": .equal
        case "!=", "<>": .unequal
        case "<": .less
        case "<=": .lessOrEqual
        case ">": .greater
        case ">=": .greaterOrEqual
        default: nil
        }
    }

    private func compared(
        _ comparison: RowExpression.Comparison, _ a: Typed, _ b: Typed
    ) throws(TabularError) -> Typed {
        let left = try adapted(a, to: b.kind)
        let right = try adapted(b, to: a.kind)
        let isLike: Bool =
            switch (left.kind, right.kind) {
            case (.unknown, _), (_, .unknown), (.number, .number), (.text, .text), (.truth, .truth),
                (.time, .time):
                true
            default: false
            }
        guard isLike else { throw failure("a number, a text, a time cannot be compared") }
        return (.comparison(comparison, left.node, right.node), .truth)
    }

    /// A text beside a date or timestamp column is a date.
    private func adapted(
        _ operand: Typed, to other: RowExpression.Kind
    ) throws(TabularError) -> Typed {
        guard case .time = other, case .text(let bytes) = operand.node else { return operand }
        let seconds = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap {
                parseDate($0, buffer.count) ?? parseTimestamp($0, buffer.count)
            }
        }
        guard let seconds else { throw failure("not a date like '2013-01-31'") }
        return (.number(seconds), other)
    }

    private mutating func sum() throws(TabularError) -> Typed {
        var left = try product()
        while true {
            if takes(symbol: "+") {
                left = try arithmetic(.plus, left, try product())
            } else if takes(symbol: "-") {
                left = try arithmetic(.minus, left, try product())
            } else {
                return left
            }
        }
    }

    private mutating func product() throws(TabularError) -> Typed {
        var left = try factor()
        while true {
            if takes(symbol: "*") {
                left = try arithmetic(.times, left, try factor())
            } else if takes(symbol: "/") {
                left = try arithmetic(.over, left, try factor())
            } else {
                return left
            }
        }
    }

    /// Times take part as seconds.
    private func arithmetic(
        _ operation: RowExpression.Arithmetic, _ a: Typed, _ b: Typed
    ) throws(TabularError) -> Typed {
        for operand in [a, b] where operand.kind == .text || operand.kind == .truth {
            throw failure("only numbers can be calculated with")
        }
        return (.arithmetic(operation, a.node, b.node), .number)
    }

    private mutating func factor() throws(TabularError) -> Typed {
        if takes(symbol: "-") {
            let inner = try factorWithinDepth()
            guard inner.kind == .number else { throw failure("only a number can be negative") }
            return (.negative(inner.node), .number)
        }
        if takes(symbol: "(") {
            let inner = try disjunction()
            guard takes(symbol: ")") else { throw failure(") is expected here") }
            return inner
        }
        defer { position = min(position + 1, tokens.count - 1) }
        switch token {
        case .number(let value): return (.number(value), .number)
        case .text(let text): return (.text(Array(text.utf8)), .text)
        case .name(let name): return try column(name)
        case .word(let word):
            switch word.lowercased() {
            case "null": return (.null, .unknown)
            case "true": return (.truth(true), .truth)
            case "false": return (.truth(false), .truth)
            default: return try column(word)
            }
        case .symbol, .end: throw failure("a value is expected here")
        }
    }

    private mutating func factorWithinDepth() throws(TabularError) -> Typed {
        depth += 1
        defer { depth -= 1 }
        if depth > 50 { throw failure("nested more than 50 deep") }
        return try factor()
    }

    private mutating func column(_ name: String) throws(TabularError) -> Typed {
        guard let index = columns.firstIndex(where: { $0.name == name }) else {
            let near = nearestName(to: name, among: columns.map(\.name))
            throw failure(
                "there is no column \(name)" + (near.map { "; did you mean \($0)?" } ?? ""))
        }
        used.insert(index)
        let type = columns[index].type
        let kind: RowExpression.Kind =
            switch type {
            case .integer, .number: .number
            case .date, .timestamp: .time(type)
            case .boolean: .truth
            case .string: .text
            }
        return (.column(index), kind)
    }
}
