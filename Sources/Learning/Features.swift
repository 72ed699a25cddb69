import Tabular

/// One input of a model, by the name of its column.
package struct Feature: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case numeric
        /// The levels that the model knows, most frequent first. Any other level is "other".
        case categorical(levels: [String])
    }

    package let name: String
    package let kind: Kind

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// What a categorical value is to the model: a level's index, this for any other level…
    var otherCode: Int { levelCount }
    /// … and this for a missing one.
    var missingCode: Int { levelCount + 1 }

    var levels: [String] { if case .categorical(let levels) = kind { levels } else { [] } }
    var levelCount: Int { levels.count }
}

/// The values of one feature in a table, as the model sees them.
enum BoundColumn {
    /// Missing is NaN; infinities are taken as missing.
    case numeric([Double])
    /// `map` takes a table's code + 1 to the model's code.
    case categorical(codes: [Int32], map: [Int32])
}

extension Feature {
    /// The feature of a training column: its levels are those that occur, the most frequent first
    /// and by their bytes where equally frequent, at most `maximumLevels` of them.
    ///
    /// The order never depends on the target, nor on the order in which the table lists its levels.
    static func fitted(to column: Column, rows: [Bool], maximumLevels: Int) -> Feature {
        guard case .categorical(let codes, let levels) = column.values else {
            return Feature(name: column.name, kind: .numeric)
        }
        var counts = [Int](repeating: 0, count: levels.count)
        for (row, code) in codes.enumerated() where rows[row] && counts.indices.contains(Int(code))
        {
            counts[Int(code)] += 1
        }
        // The same text under two codes is one level.
        var byName: [String: Int] = [:]
        for (code, count) in counts.enumerated() where count > 0 {
            byName[levels[code], default: 0] += count
        }
        let ordered = byName.sorted {
            $0.value != $1.value
                ? $0.value > $1.value : $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }
        let kept = ordered.prefix(maximumLevels).map(\.key)
        return Feature(name: column.name, kind: .categorical(levels: kept))
    }

    /// Finds the feature's column in a table.
    ///
    /// A column without any value fits either kind, since nobody can tell what it would have held.
    func bound(to table: Table) throws(LearningError) -> BoundColumn {
        guard let column = table.column(name) else {
            let names = table.columns.map(\.name)
            let hint = nearestName(to: name, in: names).map { "; the nearest is \"\($0)\"" } ?? ""
            throw LearningError(
                .columnMismatch, "the model needs a column \"\(name)\" that is not there\(hint)")
        }
        switch (kind, column.values) {
        case (.numeric, .numeric(let values)):
            return .numeric(values)
        case (.categorical, .categorical(let codes, let names)):
            return .categorical(codes: codes, map: codeMap(of: names))
        case (.numeric, .categorical(let codes, _)):
            guard codes.allSatisfy({ $0 < 0 }) else { throw mismatch("numbers", "text") }
            return .numeric([Double](repeating: .nan, count: table.rowCount))
        case (.categorical, .numeric(let values)):
            guard values.allSatisfy(\.isNaN) else { throw mismatch("text", "numbers") }
            return .categorical(
                codes: [Int32](repeating: -1, count: table.rowCount), map: codeMap(of: []))
        }
    }

    /// From a table's code + 1 to the model's code.
    private func codeMap(of names: [String]) -> [Int32] {
        var index: [String: Int] = [:]
        for (code, level) in levels.enumerated() { index[level] = code }
        return [Int32(missingCode)] + names.map { Int32(index[$0] ?? otherCode) }
    }

    private func mismatch(_ wanted: String, _ found: String) -> LearningError {
        LearningError(
            .columnMismatch,
            "column \"\(name)\" holds \(found), but the model was trained on \(wanted) there")
    }
}

extension BoundColumn {
    /// The model's code of a categorical value; the missing code is the first entry of the map.
    @inline(__always)
    static func code(_ raw: Int32, _ map: [Int32]) -> Int32 {
        let index = Int(raw) + 1
        return map.indices.contains(index) ? map[index] : map[0]
    }
}
