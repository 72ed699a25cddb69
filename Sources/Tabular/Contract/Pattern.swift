/// A regular expression that takes time linear in the text, whatever the expression.
///
/// A subset of ECMA-262: literals, `.`, classes `[a-z0-9_]` and `[^…]`, `\d \w \s` and their
/// opposites, groups `( )` and `(?: )`, `|`, `* + ? {m} {m,} {m,n}`, `^` and `$`. No back references
/// and no look-around, which cannot be matched in linear time. It searches: without `^` and `$` a
/// match may lie anywhere in the text. Works on bytes of UTF-8; class members are ASCII or single
/// characters.
struct Pattern: Sendable {
    /// One step of the program of a nondeterministic automaton (Thompson 1968).
    enum Step: Sendable {
        case bytes(ByteSet)
        case split(Int, Int)
        case jump(Int)
        case start, end, match
    }

    /// A set of bytes as a bitmap.
    struct ByteSet: Sendable, Equatable {
        var bits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        @inline(__always)
        func contains(_ byte: UInt8) -> Bool {
            let bit = UInt64(1) << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: return bits.0 & bit != 0
            case 1: return bits.1 & bit != 0
            case 2: return bits.2 & bit != 0
            default: return bits.3 & bit != 0
            }
        }

        mutating func insert(_ range: ClosedRange<UInt8>) {
            for byte in range {
                let bit = UInt64(1) << UInt64(byte & 63)
                switch byte >> 6 {
                case 0: bits.0 |= bit
                case 1: bits.1 |= bit
                case 2: bits.2 |= bit
                default: bits.3 |= bit
                }
            }
        }

        static func == (a: ByteSet, b: ByteSet) -> Bool { a.bits == b.bits }
    }

    static let stepsMax = 5_000
    let program: [Step]

    /// - Throws: `TabularError` that says what is wrong and where.
    init(_ text: String) throws(TabularError) {
        var compiler = PatternCompiler(text)
        program = try compiler.compile()
    }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var current = StateSet(program.count)
        var next = StateSet(program.count)
        var index = 0
        while true {
            if follow(0, into: &current, atStart: index == 0, atEnd: index == text.count) {
                return true
            }
            if index == text.count { return false }
            let byte = text[index]
            index += 1
            next.removeAll()
            for state in current.members {
                if case .bytes(let set) = program[state], set.contains(byte),
                    follow(state + 1, into: &next, atStart: false, atEnd: index == text.count)
                {
                    return true
                }
            }
            swap(&current, &next)
        }
    }

    /// Adds a state and all that can be reached without a byte. - Returns: whether that is a match.
    private func follow(_ first: Int, into set: inout StateSet, atStart: Bool, atEnd: Bool) -> Bool
    {
        var pending = [first]
        while let state = pending.popLast() {
            guard set.insert(state) else { continue }
            switch program[state] {
            case .bytes: break
            case .split(let a, let b): pending += [b, a]
            case .jump(let target): pending.append(target)
            case .start: if atStart { pending.append(state + 1) }
            case .end: if atEnd { pending.append(state + 1) }
            case .match: return true
            }
        }
        return false
    }

    private struct StateSet {
        var members: [Int] = []
        private var isMember: [Bool]

        init(_ count: Int) { isMember = [Bool](repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            if isMember[state] { return false }
            isMember[state] = true
            members.append(state)
            return true
        }

        mutating func removeAll() {
            for state in members { isMember[state] = false }
            members.removeAll(keepingCapacity: true)
        }
    }
}
