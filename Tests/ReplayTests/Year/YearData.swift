/// The weekly drops of the simulated year: flights whose delay follows from hour, carrier and
/// distance, as far as chance lets it.
enum YearData {
    /// What a week's file is like.
    enum Kind {
        case ordinary
        /// Later hours, and mostly one carrier.
        case summer
        /// Distances that are no numbers.
        case damaged
        /// The right rows with the delays of others.
        case mislabelled
    }

    static func kind(ofWeek week: Int) -> Kind {
        switch week {
        case 9: .damaged
        case 40: .mislabelled
        case 24...33: .summer
        default: .ordinary
        }
    }

    static func csv(week: Int) -> String {
        let kind = kind(ofWeek: week)
        // A correction of the whole summer, made with the wrong join.
        let rows = kind == .mislabelled ? 1500 : 90
        var random = SplitMix(seed: UInt64(week))
        var lines: [String] = []
        var delays: [Int] = []
        for _ in 0..<rows {
            let distance = Int(random.unit() * 2000)
            let hour =
                kind == .summer ? 10 + Int(random.unit() * 14) : 5 + Int(random.unit() * 19)
            let share = kind == .summer ? 0.7 : 0.33
            let carrier = random.unit() < share ? "B6" : random.unit() < 0.5 ? "UA" : "AA"
            let delay =
                Double(hour) * 2 + (carrier == "B6" ? 14 : 0) - Double(distance) / 100
                + (random.unit() - 0.5) * 60 - 8
            lines.append("\(kind == .damaged ? "n/a" : "\(distance)"),\(hour),\(carrier)")
            delays.append(Int(delay))
        }
        if kind == .mislabelled { delays.sort() }
        let table = zip(lines, delays).map { "\($0),\($1)" }
        return (["distance,hour,carrier,delay"] + table).joined(separator: "\n") + "\n"
    }
}

/// Random numbers that are the same for the same seed: SplitMix64 (Steele, Lea and Flood 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0xD134_2543_DE82_EF95
        state = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// At least 0 and below 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
