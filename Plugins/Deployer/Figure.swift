/// Numbers for people: short, and never so short that they contradict the verdict.
package enum Figure {
    /// The shortest digits that read back as the same number, without a fraction of zero.
    package static func exact(_ value: Double) -> String {
        if value == 0 { return "0" }
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// About four digits; more when rounding would put the number on the other side of a bound.
    package static func text(_ value: Double, near bound: Double? = nil) -> String {
        guard value.isFinite else { return "\(value)" }
        var scale = 10_000.0
        if abs(value) >= 1000 { scale = 10 }
        while scale <= 1e12 {
            let rounded = (value * scale).rounded() / scale
            let misleads = bound.map {
                (rounded >= $0, rounded <= $0) != (value >= $0, value <= $0)
            }
            if rounded.isFinite, !(misleads ?? false), rounded != 0 || value == 0 {
                return exact(rounded)
            }
            scale *= 10
        }
        return exact(value)
    }

    /// The same with its sign.
    package static func signed(_ value: Double, near bound: Double? = nil) -> String {
        (value > 0 ? "+" : "") + text(value, near: bound)
    }
}
