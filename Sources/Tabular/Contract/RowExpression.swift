/// A condition across the columns of one row, such as `arr_time >= dep_time or dep_time is null`.
///
/// Comparisons `= == != <> < <= > >=`, `is null`, `is not null`, `in (…)`, `and`, `or`, `not`,
/// `+ - * /`, parentheses, numbers, `'texts'`, and names of columns (in `"…"` where they are not plain
/// words). Dates are written as texts. As in SQL, a comparison with a missing value is neither true
/// nor false, and a row breaks the rule only where the whole condition is false.
struct RowExpression: Sendable {
    indirect enum Node: Sendable {
        case null
        case number(Double)
        case text([UInt8])
        case truth(Bool)
        case column(Int)
        case negative(Node)
        case arithmetic(Arithmetic, Node, Node)
        case comparison(Comparison, Node, Node)
        case isNull(Node)
        case not(Node)
        case and(Node, Node)
        case or(Node, Node)
    }

    enum Arithmetic: Sendable { case plus, minus, times, over }
    enum Comparison: Sendable { case equal, unequal, less, lessOrEqual, greater, greaterOrEqual }

    /// What a node can be.
    enum Kind: Equatable, Sendable { case number, time(ColumnType), text, truth, unknown }

    let root: Node
    /// Indices of the columns that are needed, into the list given to `init`.
    let columns: [Int]

    /// - Throws: `TabularError` that says what is wrong and where.
    init(_ text: String, columns: [(name: String, type: ColumnType)]) throws(TabularError) {
        var parser = try RowExpressionParser(text, columns: columns)
        root = try parser.parse()
        self.columns = parser.used.sorted()
    }
}

/// A column's value in the row at hand.
enum Cell {
    case null
    case number(Double)
    case text(UnsafeBufferPointer<UInt8>)
    case truth(Bool)
}

extension RowExpression {
    /// Whether the row keeps the rule; nil where missing values leave that open.
    func evaluate(_ cells: UnsafePointer<Cell>) -> Bool? { truth(root, cells) }

    private func truth(_ node: Node, _ cells: UnsafePointer<Cell>) -> Bool? {
        switch node {
        case .and(let a, let b):
            let left = truth(a, cells)
            if left == false { return false }
            let right = truth(b, cells)
            if right == false { return false }
            return left == nil || right == nil ? nil : true
        case .or(let a, let b):
            let left = truth(a, cells)
            if left == true { return true }
            let right = truth(b, cells)
            if right == true { return true }
            return left == nil || right == nil ? nil : false
        case .not(let inner): return truth(inner, cells).map { !$0 }
        case .isNull(let inner):
            if case .null = value(inner, cells) { return true }
            return false
        case .comparison(let comparison, let a, let b):
            return compare(comparison, value(a, cells), value(b, cells))
        default:
            if case .truth(let truth) = value(node, cells) { return truth }
            return nil
        }
    }

    private func value(_ node: Node, _ cells: UnsafePointer<Cell>) -> Cell {
        switch node {
        case .number(let number): return .number(number)
        case .truth(let truth): return .truth(truth)
        case .column(let index): return cells[index]
        case .negative(let inner):
            if case .number(let number) = value(inner, cells) { return .number(-number) }
            return .null
        case .arithmetic(let operation, let a, let b):
            guard case .number(let left) = value(a, cells),
                case .number(let right) = value(b, cells)
            else { return .null }
            let result =
                switch operation {
                case .plus: left + right
                case .minus: left - right
                case .times: left * right
                case .over: left / right
                }
            return result.isFinite ? .number(result) : .null
        // A literal lives as long as the expression, so its bytes stay in place.
        case .text(let bytes): return .text(bytes.withUnsafeBufferPointer { $0 })
        case .null: return .null
        case .comparison, .isNull, .not, .and, .or:
            return truth(node, cells).map { .truth($0) } ?? .null
        }
    }

    private func compare(_ comparison: Comparison, _ left: Cell, _ right: Cell) -> Bool? {
        let order: Int
        switch (left, right) {
        case (.number(let a), .number(let b)): order = a < b ? -1 : (a > b ? 1 : 0)
        case (.text(let a), .text(let b)):
            order =
                a.lexicographicallyPrecedes(b) ? -1 : (b.lexicographicallyPrecedes(a) ? 1 : 0)
        case (.truth(let a), .truth(let b)): order = a == b ? 0 : (b ? -1 : 1)
        default: return nil
        }
        switch comparison {
        case .equal: return order == 0
        case .unequal: return order != 0
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        }
    }
}
