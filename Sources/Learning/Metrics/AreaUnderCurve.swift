/// The area under the ROC curve, exact with ties: the Mann-Whitney statistic from ranks. Nil when
/// there are rows of one class only.
func areaUnderCurve(_ pairs: [OutcomePair]) -> Double? {
    let positives = pairs.lazy.filter { $0.outcome == 1 }.count
    let negatives = pairs.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    let ranks = middleRanks(pairs.map(\.answer))
    var sum = 0.0
    for (pair, rank) in zip(pairs, ranks) where pair.outcome == 1 { sum += rank }
    let least = Double(positives) * Double(positives + 1) / 2
    return (sum - least) / (Double(positives) * Double(negatives))
}

/// Ranks from 1; equal values share the mean of their ranks.
func middleRanks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        var end = start + 1
        while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
        for index in start..<end { ranks[order[index]] = Double(start + end + 1) / 2 }
        start = end
    }
    return ranks
}

/// The structural components of DeLong, DeLong and Clarke-Pearson (1988), from ranks as by Sun and
/// Xu (2014): for each row the share of rows of the other class that it is on the right side of.
/// Their means are the AUC; their covariances give its variance.
func placements(_ pairs: [OutcomePair]) -> (positive: [Double], negative: [Double]) {
    let positives = pairs.filter { $0.outcome == 1 }.map(\.answer)
    let negatives = pairs.filter { $0.outcome != 1 }.map(\.answer)
    let all = middleRanks(positives + negatives)
    let own = (middleRanks(positives), middleRanks(negatives))
    let positive = positives.indices.map { (all[$0] - own.0[$0]) / Double(negatives.count) }
    let negative = negatives.indices.map {
        1 - (all[positives.count + $0] - own.1[$0]) / Double(positives.count)
    }
    return (positive, negative)
}
