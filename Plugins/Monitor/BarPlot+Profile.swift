import Millrace
import Tabular

extension BarPlot {
    /// The distributions of one column; nil when they have nothing in common to be drawn on.
    init?(_ reference: ColumnProfile?, _ current: ColumnProfile?) {
        let named = [reference?.texts, current?.texts].compactMap(\.self)
        if named.isEmpty {
            guard
                let plot = BarPlot.numbers(
                    reference?.numbers, current?.numbers,
                    isTime: (reference ?? current)?.type.isTime ?? false)
            else { return nil }
            self = plot
        } else if named.allSatisfy(\.isNamed) {
            self = BarPlot.categories(reference?.texts, current?.texts)
        } else {
            return nil
        }
    }

    private static let binCount = 24
    private static let categoryCount = 12

    /// Equal steps over what all but the outermost half per cent of either window covers; the rest
    /// counts at the ends.
    private static func numbers(
        _ reference: NumberProfile?, _ current: NumberProfile?, isTime: Bool
    ) -> BarPlot? {
        let both = [reference, current].compactMap(\.self).filter { $0.count > 0 }
        guard let low = both.map({ $0.quantile(0.005) }).min(),
            let high = both.map({ $0.quantile(0.995) }).max(), (high - low).isFinite
        else { return nil }
        let span = high > low ? high - low : 1
        func shares(_ profile: NumberProfile?) -> [Double] {
            var shares = [Double](repeating: 0, count: binCount)
            guard let profile, profile.count > 0 else { return shares }
            for bin in profile.bins {
                let middle = profile.lowerEdge(bin) / 2 + profile.upperEdge(bin) / 2
                let place = (middle - low) / span * Double(binCount)
                let index = place.isFinite ? min(max(place, 0), Double(binCount - 1)) : 0
                shares[Int(index)] += Double(bin.count) / Double(profile.count)
            }
            return shares
        }
        let (a, b) = (shares(reference), shares(current))
        func label(_ index: Int) -> String {
            // The first, the middle and the last are enough to read the others.
            guard [1, binCount / 2, binCount - 2].contains(index) else { return "" }
            let value = low + span * (Double(index) + 0.5) / Double(binCount)
            return isTime ? date(value) : short(value)
        }
        return BarPlot(
            bars: zip(a, b).enumerated().map {
                Bar(label: label($0.offset), reference: $0.element.0, current: $0.element.1)
            })
    }

    /// A day, from seconds since 1970.
    private static func date(_ seconds: Double) -> String {
        let limit = 253_402_300_799.0
        let clamped = min(max(seconds, -62_167_219_200), limit)
        return String(
            Timestamp(microseconds: Int64(clamped * 1e6)).description.prefix(10))
    }

    /// The most frequent ones of either window, and all others in one.
    private static func categories(_ reference: TextProfile?, _ current: TextProfile?) -> BarPlot {
        func shares(_ texts: TextProfile?) -> [String: Double] {
            var shares: [String: Double] = [:]
            for category in texts?.categories ?? [] {
                shares[category.name] = Double(category.count) / Double(max(texts?.count ?? 1, 1))
            }
            return shares
        }
        let (a, b) = (shares(reference), shares(current))
        func weight(_ name: String) -> Double { max(a[name] ?? 0, b[name] ?? 0) }
        let names = Set(a.keys).union(b.keys).sorted {
            weight($0) != weight($1) ? weight($0) > weight($1) : $0 < $1
        }
        var bars = names.prefix(categoryCount).map { name in
            Bar(label: cut(name), reference: a[name] ?? 0, current: b[name] ?? 0)
        }
        let rest = names.dropFirst(categoryCount)
        if !rest.isEmpty {
            bars.append(
                Bar(
                    label: "\(rest.count) others",
                    reference: rest.reduce(0) { $0 + (a[$1] ?? 0) },
                    current: rest.reduce(0) { $0 + (b[$1] ?? 0) }))
        }
        return BarPlot(bars: bars)
    }

    private static func cut(_ name: String) -> String {
        name.count > 8 ? name.prefix(7) + "…" : name
    }
}

extension ColumnType {
    fileprivate var isTime: Bool { self == .date || self == .timestamp }
}
