import Glibc

@testable import Tabular

/// SplitMix64: the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func normal() -> Double {
        (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
    }

    mutating func element(of texts: [String]) -> String {
        texts[Int(next() % UInt64(texts.count))]
    }
}

func input(_ text: String) -> TabularInput { .bytes(Array(text.utf8)) }

func report(_ text: String, _ contract: Contract? = nil) throws -> ValidationReport {
    try validate(input(text), contract: contract).report
}

func profile(_ text: String) throws -> Profile { try validate(input(text)).profile }

/// All records of a CSV text, header first; a defective one is its kind of defect.
func rows(_ text: [UInt8], limits: ReadLimits = ReadLimits()) throws -> [[String]] {
    let reader = try CSVReader(
        .bytes(text), delimiter: nil, hasHeader: true, limits: limits, wantsHashes: false)
    var rows = [reader.columnNames]
    while let record = try reader.next() {
        if record.isDefective {
            rows.append(["!\(reader.defect.map { "\($0.kind)" } ?? "")"])
        } else {
            rows.append((0..<record.count).map { record.fields[$0].text })
        }
    }
    return rows
}

func rows(_ text: String) throws -> [[String]] { try rows(Array(text.utf8)) }

/// Flights as they leave an airport in one month: a mix of numbers, codes, times and missing values.
func flights(month: Int, rowCount: Int, seed: UInt64) -> String {
    var random = SeededGenerator(seed)
    let carriers = ["UA", "AA", "B6", "DL", "EV"]
    let places = ["IAH", "MIA", "ATL", "ORD", "LAX", "BOS", "SFO"]
    var text = "month,day,dep_time,dep_delay,arr_delay,carrier,tailnum,dest,distance,time_hour\n"
    for _ in 0..<rowCount {
        let day = Int(random.next() % 28) + 1
        let hour = 5 + Int(random.next() % 18)
        let delay = Int(random.normal() * 20 + Double(month))
        let isCancelled = random.uniform() < 0.02
        let date = "2013-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
        let fields = [
            "\(month)", "\(day)", isCancelled ? "NA" : "\(hour * 100 + Int(random.next() % 60))",
            isCancelled ? "NA" : "\(delay)", isCancelled ? "NA" : "\(delay + 3)",
            random.element(of: carriers), "N\(10_000 + random.next() % 4_000)",
            random.element(of: places), "\(200 + random.next() % 2_400)",
            "\(date)T\(hour < 10 ? "0" : "")\(hour):00:00Z",
        ]
        text += fields.joined(separator: ",") + "\n"
    }
    return text
}
