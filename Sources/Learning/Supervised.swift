package import Millrace
package import Tabular

/// The examples that a run learns from and is measured on: the files of a dataset version, read as
/// features and outcomes.
///
/// A row is held out by a hash of its bytes, so that it is held out of every version that has the same
/// share, whatever files come and go: what a challenger is measured on, the champion has not seen
/// either. Equal rows are on the same side.
package struct SupervisedSource: Sendable {
    package let files: [DatasetFile]
    package let target: Target
    /// Texts that stand for a missing value.
    package let nulls: [String]

    package init(files: [DatasetFile], target: Target, nulls: [String]) {
        self.files = files
        self.target = target
        self.nulls = nulls
    }

    /// The files of a run, whose list is in the vault.
    package init(_ inputs: RunInputs, from store: any FileStore) throws {
        self.init(
            files: try inputs.manifest(from: store).sorted, target: inputs.target,
            nulls: inputs.nulls)
    }

    package var task: LearningTask { target.isBinary ? .binaryClassification : .regression }

    /// The target for a model's file: its column, and the two classes in words.
    package var description: TargetDescription {
        if let bound = target.above {
            return TargetDescription(name: target.column, classes: ["<= \(bound)", "> \(bound)"])
        }
        if let value = target.equals {
            return TargetDescription(name: target.column, classes: ["other", value])
        }
        return TargetDescription(name: target.column)
    }

    /// Whether a row is held out of training, by the hash of its bytes and the share held out.
    package static func isHeldOut(_ hash: UInt64, share: Double) -> Bool {
        // Below 2^53 every number is exact in a double.
        Double(hash >> 11) < share * 0x1p53
    }
}

/// Rows with a known outcome.
package struct SupervisedRows: Sendable {
    /// The features alone.
    package var table: Table
    /// 0 or 1 for a binary target, else the number.
    package var outcomes: [Double]

    package init(table: Table, outcomes: [Double]) {
        self.table = table
        self.outcomes = outcomes
    }
}

extension SupervisedSource {
    /// The columns that a model is to see, each with its kind: numeric where every value in every file
    /// is a number, true or false, or a date.
    ///
    /// - Parameter names: empty for all columns but the target's, in the order of the first file.
    /// - Throws: `LearningError` when there is no file, or a column is in none of them.
    package func features(
        _ names: [String], from store: any FileStore
    ) throws -> [ColumnSelection] {
        var kinds: [String: KindCounts] = [:]
        var order: [String] = []
        for file in files {
            for column in try profile(of: file, in: store).columns {
                if kinds[column.name] == nil { order.append(column.name) }
                kinds[column.name, default: KindCounts()].add(column.kinds)
            }
        }
        let wanted = names.isEmpty ? order.filter { $0 != target.column } : names
        return try wanted.map { name in
            guard let counts = kinds[name] else {
                let hint = nearestName(to: name, in: order).map { "; the nearest is \"\($0)\"" }
                throw LearningError(
                    .badData,
                    files.isEmpty
                        ? "the dataset has no files"
                        : "the feature \"\(name)\" is no column of the data\(hint ?? "")")
            }
            return ColumnSelection(name, counts.type == .string ? .categorical : .numeric)
        }
    }

    /// The profile that was taken when the file was validated; taken again where it cannot be used.
    private func profile(of file: DatasetFile, in store: any FileStore) throws -> Profile {
        if store.contains(file.profile),
            let json = try? JSONValue(
                parsing: try store.bytes(of: file.profile, limit: 256 << 20)),
            let profile = try? Profile(json: json)
        {
            return profile
        }
        let options = ValidationOptions(read: options(for: file))
        return try store.withDescriptor(of: file.sha256) { descriptor in
            try validate(.descriptor(descriptor), options: options).profile
        }
    }

    /// Reads the rows of all files that have an outcome, in the order of the files; other columns
    /// never come into memory.
    ///
    /// - Parameter keeps: which rows, by the hash of their bytes.
    /// - Throws: `TabularError` when a file is no table or lacks a column.
    package func read(
        _ features: [ColumnSelection], from store: any FileStore,
        keeps: (@Sendable (UInt64) -> Bool)? = nil
    ) throws -> SupervisedRows {
        try split(features, from: store, keeps: keeps, isHeldOut: { _ in false }).training
    }

    /// Reads the rows of all files that have an outcome, and parts them.
    package func read(
        _ features: [ColumnSelection], from store: any FileStore, holdout: Double
    ) throws -> (training: SupervisedRows, heldOut: SupervisedRows) {
        try split(features, from: store, keeps: nil) {
            SupervisedSource.isHeldOut($0, share: holdout)
        }
    }

    private func split(
        _ features: [ColumnSelection], from store: any FileStore,
        keeps: (@Sendable (UInt64) -> Bool)?, isHeldOut: (UInt64) -> Bool
    ) throws -> (training: SupervisedRows, heldOut: SupervisedRows) {
        var training: [SupervisedRows] = []
        var heldOut: [SupervisedRows] = []
        for file in files {
            let reading = try store.withDescriptor(of: file.sha256) { descriptor in
                try readTable(
                    .descriptor(descriptor), columns: features + [targetSelection],
                    options: options(for: file), keeps: keeps)
            }
            guard let column = reading.table.columns.last else { continue }
            let outcomes = outcomes(in: column)
            var sides: (training: [Int], heldOut: [Int]) = ([], [])
            for (row, hash) in reading.rowHashes.enumerated() where !outcomes[row].isNaN {
                if isHeldOut(hash) { sides.heldOut.append(row) } else { sides.training.append(row) }
            }
            let columns = reading.table.columns.dropLast()
            training.append(SupervisedRows(columns, outcomes, rows: sides.training))
            heldOut.append(SupervisedRows(columns, outcomes, rows: sides.heldOut))
        }
        return (try SupervisedRows.joining(training), try SupervisedRows.joining(heldOut))
    }

    private func options(for file: DatasetFile) -> ReadOptions {
        ReadOptions(format: TabularFormat(fileName: file.path.name), nullTokens: nulls)
    }

    private var targetSelection: ColumnSelection {
        ColumnSelection(target.column, target.equals == nil ? .numeric : .categorical)
    }

    /// The outcome of each row; NaN where there is none.
    private func outcomes(in column: Column) -> [Double] {
        switch column.values {
        case .numeric(let values):
            guard let bound = target.above else { return values }
            return values.map { $0.isNaN ? .nan : ($0 > bound ? 1 : 0) }
        case .categorical(let codes, let levels):
            let outcome = levels.map { $0 == target.equals ? 1.0 : 0.0 }
            return codes.map { outcome.indices.contains(Int($0)) ? outcome[Int($0)] : .nan }
        }
    }
}

extension Model {
    /// The columns that the model takes, as it takes them.
    package var selections: [ColumnSelection] {
        features.map { feature in
            switch feature.kind {
            case .numeric: ColumnSelection(feature.name, .numeric)
            case .categorical: ColumnSelection(feature.name, .categorical)
            }
        }
    }
}

extension SupervisedRows {
    /// What a model's answers are worth on these rows, by the metrics' names; without rows nothing.
    package func metrics(of model: Model) throws(LearningError) -> [String: Double] {
        try metrics(try model.predict(table), task: model.task)
    }

    /// The same for answers that were given already.
    package func metrics(
        _ answers: [Double], task: LearningTask
    ) throws(LearningError) -> [String: Double] {
        guard !outcomes.isEmpty else { return [:] }
        let measured = try evaluate(answers, outcomes: outcomes, task: task)
        return Dictionary(
            measured.values.filter(\.value.isFinite).map { ($0.name.rawValue, $0.value) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension SupervisedRows {
    fileprivate init(_ columns: some Sequence<Column>, _ outcomes: [Double], rows: [Int]) {
        let columns = columns.map { column in
            switch column.values {
            case .numeric(let values):
                Column(name: column.name, values: .numeric(rows.map { values[$0] }))
            case .categorical(let codes, let levels):
                Column(
                    name: column.name,
                    values: .categorical(codes: rows.map { codes[$0] }, levels: levels))
            }
        }
        self.init(
            table: Table(columns: columns, rowCount: rows.count),
            outcomes: rows.map { outcomes[$0] })
    }

    fileprivate static func joining(_ parts: [SupervisedRows]) throws -> SupervisedRows {
        guard parts.count != 1 else { return parts[0] }
        return SupervisedRows(
            table: try Table.concatenating(parts.map(\.table)),
            outcomes: parts.flatMap(\.outcomes))
    }
}

extension KindCounts {
    fileprivate mutating func add(_ other: KindCounts) {
        integer += other.integer
        number += other.number
        boolean += other.boolean
        date += other.date
        timestamp += other.timestamp
        string += other.string
    }
}
