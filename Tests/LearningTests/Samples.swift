import Tabular

@testable import Learning

/// Numbers from a seed, for tables that are the same in every run.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
    }

    /// In 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Roughly normal: the sum of twelve uniform numbers.
    mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + unit() } }
}

/// Two numbers (the second sometimes missing), a constant and a category, with outcomes that depend
/// on them.
struct Sample {
    var table: Table
    var labels: [Double]
    var amounts: [Double]

    init(rows: Int, seed: UInt64 = 1) {
        var random = TestRandom(seed)
        let levels = ["red", "green", "blue", "rare"]
        var (a, b, colors): ([Double], [Double], [Int32]) = ([], [], [])
        labels = []
        amounts = []
        for _ in 0..<rows {
            let (x, y) = (random.normal(), random.normal())
            let color = random.unit() < 0.02 ? 3 : Int32(random.unit() * 3)
            let isMissing = random.unit() < 0.1
            a.append(x)
            b.append(isMissing ? .nan : y)
            colors.append(random.unit() < 0.03 ? -1 : color)
            let amount =
                2 * x - (isMissing ? 1 : y) + (color == 0 ? 1.5 : 0) + 0.3 * random.normal()
            amounts.append(amount)
            labels.append(random.unit() < 1 / (1 + exponential(-amount)) ? 1 : 0)
        }
        table = Table(
            columns: [
                Column(name: "a", values: .numeric(a)),
                Column(name: "b", values: .numeric(b)),
                Column(name: "same", values: .numeric([Double](repeating: 7, count: rows))),
                Column(name: "color", values: .categorical(codes: colors, levels: levels)),
            ], rowCount: rows)
    }
}

let yesOrNo = TargetDescription(name: "answer", classes: ["no", "yes"])
let amount = TargetDescription(name: "amount")

/// Trains on a sample with the algorithm's defaults and some settings in their place.
func model(
    _ algorithm: Algorithm, _ sample: Sample, task: LearningTask,
    _ settings: [ParameterName: Double] = [:], seed: UInt64 = 0, threads: Int = 1
) throws(LearningError) -> Model {
    var parameters = TrainingParameters(for: algorithm)
    for (name, value) in settings { try parameters.set(name, to: value) }
    return try train(
        algorithm, table: sample.table,
        target: task == .regression ? sample.amounts : sample.labels, task: task,
        description: task == .regression ? amount : yesOrNo, parameters: parameters, seed: seed,
        threads: threads)
}
