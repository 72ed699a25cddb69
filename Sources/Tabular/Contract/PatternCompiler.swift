/// Turns the text of a pattern into steps, by recursive descent with a limit on nesting.
struct PatternCompiler {
    private let source: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var size = 0

    /// What an expression is made of, before it becomes steps.
    private indirect enum Node {
        case empty, start, end
        case bytes(Pattern.ByteSet)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, Int, Int?)
    }

    init(_ source: String) {
        self.source = source
        scalars = Array(source.unicodeScalars)
    }

    private func failure(_ what: String) -> TabularError {
        TabularError(
            .contract,
            "pattern \"\(escapedText(source, limit: 80))\", character \(position + 1): \(what)")
    }

    mutating func compile() throws(TabularError) -> [Pattern.Step] {
        if scalars.count > 1_000 { throw failure("longer than 1,000 characters") }
        let node = try alternatives()
        if position < scalars.count { throw failure("a ) without its (") }
        var steps: [Pattern.Step] = []
        try emit(node, into: &steps)
        steps.append(.match)
        return steps
    }

    private mutating func alternatives() throws(TabularError) -> Node {
        depth += 1
        defer { depth -= 1 }
        if depth > 50 { throw failure("nested more than 50 deep") }
        var choices: [Node] = []
        while true {
            var parts: [Node] = []
            while position < scalars.count, scalars[position] != "|", scalars[position] != ")" {
                parts.append(try quantified())
            }
            choices.append(.sequence(parts))
            guard position < scalars.count, scalars[position] == "|" else { break }
            position += 1
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func quantified() throws(TabularError) -> Node {
        var node = try atom()
        while position < scalars.count {
            switch scalars[position] {
            case "*": node = .repeated(node, 0, nil)
            case "+": node = .repeated(node, 1, nil)
            case "?": node = .repeated(node, 0, 1)
            case "{": node = try counted(node)
            default: return node
            }
            position += 1
            // A lazy quantifier finds the same matches.
            if position < scalars.count, scalars[position] == "?" { position += 1 }
        }
        return node
    }

    /// `{m}`, `{m,}` or `{m,n}`; leaves the position at the closing brace.
    private mutating func counted(_ node: Node) throws(TabularError) -> Node {
        position += 1
        guard let low = number() else { throw failure("a { without a number") }
        var high: Int? = low
        if position < scalars.count, scalars[position] == "," {
            position += 1
            high = number()
        }
        guard position < scalars.count, scalars[position] == "}" else {
            throw failure("a { without its }")
        }
        if let high, high < low { throw failure("a range that ends before it begins") }
        if max(low, high ?? 0) > 1_000 { throw failure("more than 1,000 repetitions") }
        return .repeated(node, low, high)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while position < scalars.count, let digit = Int(String(scalars[position])),
            scalars[position].isASCII
        {
            value = min((value ?? 0) * 10 + digit, 1_000_000)
            position += 1
        }
        return value
    }

    private mutating func atom() throws(TabularError) -> Node {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return anyCharacter(except: [0x0A])
        case "[": return try bracket()
        case "(": return try group()
        case "\\": return try escaped()
        case "*", "+", "?", "{":
            position -= 1
            throw failure("nothing to repeat")
        default: return literal(scalar)
        }
    }

    private mutating func group() throws(TabularError) -> Node {
        if position + 1 < scalars.count, scalars[position] == "?" {
            guard scalars[position + 1] == ":" else {
                throw failure("look-around and named groups are not supported")
            }
            position += 2
        }
        let node = try alternatives()
        guard position < scalars.count, scalars[position] == ")" else {
            throw failure("a ( without its )")
        }
        position += 1
        return node
    }

    private mutating func escaped() throws(TabularError) -> Node {
        guard position < scalars.count else { throw failure("a \\ at the end") }
        let scalar = scalars[position]
        position += 1
        if let (set, isNegated) = Self.shorthand(scalar) {
            return isNegated ? anyCharacter(except: set) : .bytes(Self.set(of: set))
        }
        if let control = Self.control(scalar) { return literal(control) }
        if scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
            position -= 1
            throw failure("\\\(scalar) is not supported")
        }
        return literal(scalar)
    }

    private static func control(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar {
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        default: nil
        }
    }

    /// `\d`, `\w`, `\s` and their opposites.
    private static func shorthand(_ scalar: Unicode.Scalar) -> (bytes: [UInt8], isNegated: Bool)? {
        let digits = Array(UInt8(ascii: "0")...UInt8(ascii: "9"))
        let letters =
            Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
            + Array(UInt8(ascii: "A")...UInt8(ascii: "Z"))
        switch scalar {
        case "d": return (digits, false)
        case "D": return (digits, true)
        case "w": return (digits + letters + [0x5F], false)
        case "W": return (digits + letters + [0x5F], true)
        case "s": return ([0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D], false)
        case "S": return ([0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D], true)
        default: return nil
        }
    }

    private static func set(of bytes: [UInt8]) -> Pattern.ByteSet {
        var set = Pattern.ByteSet()
        for byte in bytes { set.insert(byte...byte) }
        return set
    }

    private func literal(_ scalar: Unicode.Scalar) -> Node {
        .sequence(Array(String(scalar).utf8).map { .bytes(Self.set(of: [$0])) })
    }

    /// Any character but some of ASCII: one byte, or a well-formed sequence of two to four.
    private func anyCharacter(except bytes: [UInt8]) -> Node {
        var single = Pattern.ByteSet()
        for byte in UInt8(0)...0x7F where !bytes.contains(byte) { single.insert(byte...byte) }
        func set(_ range: ClosedRange<UInt8>) -> Node {
            var set = Pattern.ByteSet()
            set.insert(range)
            return .bytes(set)
        }
        let next = set(0x80...0xBF)
        return .choice([
            .bytes(single), .sequence([set(0xC2...0xDF), next]),
            .sequence([set(0xE0...0xEF), next, next]),
            .sequence([set(0xF0...0xF4), next, next, next]),
        ])
    }

    private mutating func bracket() throws(TabularError) -> Node {
        var isNegated = false
        if position < scalars.count, scalars[position] == "^" {
            isNegated = true
            position += 1
        }
        var ascii: [UInt8] = []
        var others: [Node] = []
        var isFirst = true
        while true {
            guard position < scalars.count else { throw failure("a [ without its ]") }
            if scalars[position] == "]", !isFirst { break }
            isFirst = false
            if scalars[position] == "\\", position + 1 < scalars.count,
                let (set, isOpposite) = Self.shorthand(scalars[position + 1])
            {
                if isOpposite { throw failure("an opposite class inside [ ] is not supported") }
                ascii += set
                position += 2
                continue
            }
            let low = try classMember()
            var high = low
            if position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] != "]"
            {
                position += 1
                high = try classMember()
            }
            if low.isASCII, high.isASCII {
                guard low <= high else { throw failure("a range that ends before it begins") }
                ascii += Array(UInt8(low.value)...UInt8(high.value))
            } else {
                guard low == high, !isNegated else {
                    throw failure("ranges and [^ ] know ASCII characters only")
                }
                others.append(literal(low))
            }
        }
        position += 1
        if isNegated { return anyCharacter(except: ascii) }
        let set = Node.bytes(Self.set(of: ascii))
        return others.isEmpty ? set : .choice([set] + others)
    }

    private mutating func classMember() throws(TabularError) -> Unicode.Scalar {
        let scalar = scalars[position]
        position += 1
        guard scalar == "\\" else { return scalar }
        guard position < scalars.count else { throw failure("a \\ at the end") }
        let escaped = scalars[position]
        position += 1
        return Self.control(escaped) ?? escaped
    }

    /// Repetitions are written out, so their number is bounded before anything is appended.
    private mutating func emit(
        _ node: Node, into steps: inout [Pattern.Step]
    ) throws(TabularError) {
        // Counted apart from the steps, because repeating nothing costs time and makes no step.
        size += 1
        if max(size, steps.count) > Pattern.stepsMax { throw failure("too large when written out") }
        switch node {
        case .empty: break
        case .start: steps.append(.start)
        case .end: steps.append(.end)
        case .bytes(let set): steps.append(.bytes(set))
        case .sequence(let nodes): for node in nodes { try emit(node, into: &steps) }
        case .choice(let nodes): try emitChoice(nodes, into: &steps)
        case .repeated(let node, let low, let high):
            for _ in 0..<low { try emit(node, into: &steps) }
            if let high {
                try emitOptional(node, count: high - low, into: &steps)
            } else {
                let split = steps.count
                steps.append(.split(split + 1, 0))
                try emit(node, into: &steps)
                steps.append(.jump(split))
                steps[split] = .split(split + 1, steps.count)
            }
        }
    }

    private mutating func emitChoice(
        _ nodes: [Node], into steps: inout [Pattern.Step]
    ) throws(TabularError) {
        var exits: [Int] = []
        for (index, node) in nodes.enumerated() {
            let split = steps.count
            let isLast = index == nodes.count - 1
            if !isLast { steps.append(.split(split + 1, 0)) }
            try emit(node, into: &steps)
            if isLast { break }
            exits.append(steps.count)
            steps.append(.jump(0))
            steps[split] = .split(split + 1, steps.count)
        }
        for exit in exits { steps[exit] = .jump(steps.count) }
    }

    private mutating func emitOptional(
        _ node: Node, count: Int, into steps: inout [Pattern.Step]
    ) throws(TabularError) {
        var splits: [Int] = []
        for _ in 0..<count {
            splits.append(steps.count)
            steps.append(.split(steps.count + 1, 0))
            try emit(node, into: &steps)
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
    }
}
