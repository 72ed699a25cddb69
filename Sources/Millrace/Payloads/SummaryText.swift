/// `1,234,567`
func grouped(_ number: Int) -> String { number.grouped }

/// `1 file`, `3 files`
func count(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
}

/// At most four decimals, without zeros at the end.
func rounded(_ number: Double) -> String {
    guard number.isFinite, number.magnitude < 1e15 else { return "\(number)" }
    let scaled = (number * 10_000).rounded() / 10_000
    return scaled == scaled.rounded() ? "\(Int64(scaled))" : "\(scaled)"
}

/// Findings for people, without one that another one says again and more: `auc is 0.61` beside
/// `auc is 0.61, v2 has 0.6`. Records keep all of them: each gate has its own.
func withoutRepeats(_ findings: [String]) -> [String] {
    findings.filter { finding in !findings.contains { $0.hasPrefix(finding + ",") } }
}

func signed(_ number: Double) -> String { (number < 0 ? "" : "+") + rounded(number) }

/// `auc 0.6712, log loss 0.51`, the first four by name.
func text(of metrics: [String: Double]) -> String {
    metrics.keys.sorted().prefix(4).map { "\($0) \(rounded(metrics[$0] ?? 0))" }
        .joined(separator: ", ")
}
