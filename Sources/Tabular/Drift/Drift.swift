/// Compares a drop or a window with its reference, column by column.
///
/// A column has drifted when a change is both significant (after Holm's correction over all
/// measurements of the report) and large enough to matter (`effectMin`). Missing values are compared
/// on their own; the other measurements leave them out.
package func drift(
    from reference: Profile, to current: Profile, options: DriftOptions = DriftOptions()
) -> DriftReport {
    var columns: [ColumnDrift] = []
    for column in reference.columns {
        columns.append(compare(column, current.column(column.name), options))
    }
    for column in current.columns where reference.column(column.name) == nil {
        columns.append(compare(nil, column, options))
    }
    correct(&columns, options)
    return DriftReport(
        referenceRowCount: reference.rowCount, currentRowCount: current.rowCount, options: options,
        columns: columns)
}

private func compare(
    _ reference: ColumnProfile?, _ current: ColumnProfile?, _ options: DriftOptions
) -> ColumnDrift {
    var result = ColumnDrift(
        name: reference?.name ?? current?.name ?? "", measurements: [],
        populationStabilityIndex: nil, reference: reference.map(ColumnSummary.init),
        current: current.map(ColumnSummary.init), unseenCategories: [], unseenShare: 0, message: "")
    guard let reference, let current else {
        result.measurements = [.structural(options)]
        return result
    }
    if reference.count == 0 || current.count == 0 { return result }
    result.measurements.append(nullMeasurement(reference, current, options))
    if reference.type.isNumeric, reference.texts == nil {
        measureNumbers(reference, current, options, &result)
    }
    if current.texts != nil || reference.texts != nil {
        measureCategories(reference, current, options, &result)
    }
    return result
}

extension DriftMeasurement {
    fileprivate static func structural(_ options: DriftOptions) -> DriftMeasurement {
        DriftMeasurement(
            statistic: .structure, value: 1, p: 0, correctedP: 0, effect: 1,
            threshold: options.effectMin, isDrifted: false)
    }
}

private func nullMeasurement(
    _ reference: ColumnProfile, _ current: ColumnProfile, _ options: DriftOptions
) -> DriftMeasurement {
    let (statistic, p) = CountTests.twoProportions(
        reference.nullCount, of: reference.count, current.nullCount, of: current.count)
    return DriftMeasurement(
        statistic: .nullFraction, value: statistic, p: p, correctedP: p,
        effect: abs(current.nullFraction - reference.nullFraction),
        threshold: options.nullEffectMin, isDrifted: false)
}

private func measureNumbers(
    _ reference: ColumnProfile, _ current: ColumnProfile, _ options: DriftOptions,
    _ result: inout ColumnDrift
) {
    let comparison = NumberComparison(reference.numbers, current.numbers)
    let (n, m) = (comparison.referenceCount, comparison.currentCount)
    guard n > 0, m > 0 else { return }
    let distance = comparison.kolmogorovSmirnov
    let p = CountTests.kolmogorovSmirnov(distance, n, m)
    result.measurements.append(
        DriftMeasurement(
            statistic: .kolmogorovSmirnov, value: distance, p: p, correctedP: p, effect: distance,
            threshold: options.effectMin, isDrifted: false))
    let customary = comparison.referenceTenths
    result.populationStabilityIndex = CountTests.stabilityIndex(
        customary.reference, customary.current)
    let tenths = comparison.commonTenths
    let test = CountTests.homogeneity(tenths.reference, tenths.current)
    guard test.degrees > 0 else { return }
    result.measurements.append(
        DriftMeasurement(
            statistic: .chiSquare, value: test.statistic, p: test.p, correctedP: test.p,
            effect: CountTests.totalVariation(tenths.reference, tenths.current),
            threshold: options.effectMin, isDrifted: false))
}

private func measureCategories(
    _ reference: ColumnProfile, _ current: ColumnProfile, _ options: DriftOptions,
    _ result: inout ColumnDrift
) {
    let comparison = CategoryComparison(reference, current)
    result.unseenCategories = comparison.unseen
    result.unseenShare = comparison.unseenShare
    let test = CountTests.homogeneity(comparison.reference, comparison.current)
    if result.populationStabilityIndex == nil {
        result.populationStabilityIndex = CountTests.stabilityIndex(
            comparison.reference, comparison.current)
    }
    guard test.degrees > 0 else { return }
    result.measurements.append(
        DriftMeasurement(
            statistic: .chiSquare, value: test.statistic, p: test.p, correctedP: test.p,
            effect: CountTests.totalVariation(comparison.reference, comparison.current),
            threshold: options.effectMin, isDrifted: false))
}

/// Corrects the p-values over the whole report, and decides.
private func correct(_ columns: inout [ColumnDrift], _ options: DriftOptions) {
    var values: [Double] = []
    for column in columns { values += column.measurements.map(\.p) }
    let corrected = Distributions.holm(values)
    var next = 0
    for index in columns.indices {
        for item in columns[index].measurements.indices {
            var measurement = columns[index].measurements[item]
            measurement.correctedP = corrected[next]
            measurement.isDrifted =
                measurement.correctedP < options.significance
                && measurement.effect >= measurement.threshold
            columns[index].measurements[item] = measurement
            next += 1
        }
        columns[index].message = columns[index].words
    }
}

extension ColumnDrift {
    fileprivate var words: String {
        let name = escapedText(name, limit: 80)
        guard let reference else { return "\(name): a new column" }
        guard let current else { return "\(name): the column is gone" }
        guard isDrifted, let leading else { return "" }
        func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
        switch leading.statistic {
        case .nullFraction:
            return "\(name): missing values went from \(percent(reference.nullFraction)) to "
                + percent(current.nullFraction)
        case .kolmogorovSmirnov, .chiSquare:
            let change = "\(name): \(percent(leading.effect)) of the values moved"
            if unseenShare > 0 { return change + ", \(percent(unseenShare)) are of unseen kinds" }
            guard let before = reference.mean, let after = current.mean else { return change }
            return change + ", mean \(rounded(before)) to \(rounded(after))"
        case .structure: return "\(name): the column changed its type"
        }
    }
}

/// Four digits, for reading.
private func rounded(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var scale = 1.0
    while abs(value) * scale < 1000, scale < 1e12 { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
}
