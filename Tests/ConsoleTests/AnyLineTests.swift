import Testing

@testable import Console

/// Whatever is typed: an answer, never a trap.
@Suite struct AnyLineTests {
    /// The same numbers in every run (SplitMix64).
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let pieces: [[UInt8]] =
        [
            "-", "--", "=", "", " ", "\n", "a", "f", "n", "-n", "-fj", "--limit", "--follow",
            "--color", "--type", "--stage", "--workspace", "--within", "--help", "-h", "--version",
            "--no-color", "events", "why", "check", "plugin", "list", "help", "completion", "bash",
            "production", "7", "-7", "1e999", "9223372036854775808", "1h30m", "é", "東", "\u{1B}[0m",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0]]

    @Test(arguments: 0..<8)
    func `every line ends with a code, and a refused one with two lines`(seed: UInt64) async {
        var numbers = Numbers(state: seed)
        for _ in 0..<250 {
            let line = (0..<Int.random(in: 1...6, using: &numbers)).map { _ in
                let count = Int.random(in: 1...3, using: &numbers) == 1 ? 2 : 1
                return RawArgument(
                    bytes: (0..<count).flatMap { _ in
                        Self.pieces.randomElement(using: &numbers) ?? []
                    })
            }
            let result = await Sample.run(line)
            #expect([.success, .negative, .usage].contains(result.code), "\(line)")
            if result.code == .usage {
                #expect(result.out.isEmpty, "\(line)")
                #expect(result.err.split(separator: "\n").count == 2, "\(line): \(result.err)")
            }
            let shown = result.out + result.err
            #expect(
                shown.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }, "\(line)")
        }
    }
}
