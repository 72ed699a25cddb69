import Tabular

/// A training table as the rows of a sparse matrix: each feature of a row is one number in one
/// matrix column, so a row has as many entries as there are features, in rising order of columns.
///
/// Column 0 is the intercept and is not part of the entries. A numeric feature has a column for the
/// standardised value and, when training rows miss it, one that says so; a categorical feature has
/// one for each level, one for all other levels and one for missing, as far as they occur.
struct LinearDesign {
    private struct Place {
        let mean: Double
        let scale: Double
        /// The matrix column of a number; of a code, the one at that index.
        let columns: [UInt32]
        /// The matrix column that says a number is missing; 0 when none is.
        let missing: UInt32
    }

    let features: [Feature]
    let values: [BoundColumn]
    let rows: [Int]
    /// Columns with the intercept's.
    private(set) var width = 1
    private var places: [Place] = []

    init(
        features: [Feature], values: [BoundColumn], rows: [Int], pool: WorkerPool
    )
        throws(LearningError)
    {
        self.features = features
        self.values = values
        self.rows = rows
        let moments = Buffer<Moments>(repeating: Moments(), count: features.count)
        pool.run(parts: features.count) { index in
            if case .numeric(let values) = values[index] {
                moments.base[index] = Moments(values, rows: rows)
            }
        }
        let found = withExtendedLifetime(moments) {
            Array(UnsafeBufferPointer(start: moments.base, count: features.count))
        }
        for (index, feature) in features.enumerated() {
            switch values[index] {
            case .numeric: try place(feature, found[index])
            case .categorical(let codes, let map): place(feature, codes: codes, map: map)
            }
        }
    }

    private mutating func place(_ feature: Feature, _ moments: Moments) throws(LearningError) {
        guard moments.largest <= 1e100 else {
            throw LearningError(
                .badData,
                "column \"\(feature.name)\" holds \(moments.largest): a linear model takes numbers "
                    + "up to 1e100; mend the value or use boosted trees")
        }
        let value = UInt32(width)
        let missing = moments.missing > 0 ? UInt32(width + 1) : 0
        width += moments.missing > 0 ? 2 : 1
        places.append(
            Place(mean: moments.mean, scale: moments.scale, columns: [value], missing: missing))
    }

    private mutating func place(_ feature: Feature, codes: [Int32], map: [Int32]) {
        var occurs = [Bool](repeating: false, count: feature.missingCode + 1)
        for row in rows { occurs[Int(BoundColumn.code(codes[row], map))] = true }
        var columns = [UInt32](repeating: 0, count: occurs.count)
        for code in occurs.indices where occurs[code] {
            columns[code] = UInt32(width)
            width += 1
        }
        places.append(Place(mean: 0, scale: 1, columns: columns, missing: 0))
    }

    /// Writes the entries of some rows, row after row.
    func encode(
        _ range: Range<Int>, columns: UnsafeMutablePointer<UInt32>,
        entries: UnsafeMutablePointer<Double>
    ) {
        let count = features.count
        for (index, place) in places.enumerated() {
            var slot = index
            switch values[index] {
            case .numeric(let values):
                for position in range {
                    let value = values[rows[position]]
                    let isThere = value.isFinite
                    columns[slot] = isThere ? place.columns[0] : place.missing
                    entries[slot] =
                        isThere
                        ? LinearModel.standardised(value, mean: place.mean, scale: place.scale) : 1
                    slot += count
                }
            case .categorical(let codes, let map):
                for position in range {
                    let code = BoundColumn.code(codes[rows[position]], map)
                    columns[slot] = place.columns[Int(code)]
                    entries[slot] = 1
                    slot += count
                }
            }
        }
    }

    /// The model whose weights by matrix column are these.
    func model(weights: [Double]) -> LinearModel {
        // What training never saw has no column of its own and so no influence.
        func weight(_ column: UInt32) -> Double { column == 0 ? 0 : weights[Int(column)] + 0 }
        let terms = zip(features, places).map { feature, place -> LinearModel.Term in
            switch feature.kind {
            case .numeric:
                .numeric(
                    mean: place.mean, scale: place.scale, coefficient: weight(place.columns[0]),
                    missing: weight(place.missing))
            case .categorical: .categorical(place.columns.map(weight))
            }
        }
        return LinearModel(intercept: weights[0] + 0, terms: terms)
    }
}

/// Mean and standard deviation of a column's values, by Welford's updates: no sum can overflow.
private struct Moments {
    var mean = 0.0
    /// The standard deviation; 1 for a constant column, whose standardised value is then 0.
    var scale = 1.0
    var missing = 0
    var largest = 0.0

    init() {}

    init(_ values: [Double], rows: [Int]) {
        var count = 0.0
        var squares = 0.0
        for row in rows {
            let value = values[row]
            guard value.isFinite else {
                missing += 1
                continue
            }
            largest = max(largest, abs(value))
            count += 1
            let delta = value - mean
            mean += delta / count
            squares += delta * (value - mean)
        }
        let deviation = count > 0 ? (squares / count).squareRoot() : 0
        // A spread at the rounding of the mean is no spread.
        scale = deviation.isFinite && deviation > abs(mean) * 1e-14 ? deviation : 1
        mean += 0
    }
}
