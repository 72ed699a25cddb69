import Testing

@testable import Journal

@Suite struct `Digits of a fixed width` {
    private func written(_ value: UInt64, _ width: Int) -> String {
        var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: width + 2)
        bytes.withUnsafeMutableBytes { buffer in
            if let base = buffer.baseAddress { Digits.write(decimal: value, width, to: base + 1) }
        }
        #expect(bytes.first == UInt8(ascii: "x") && bytes.last == UInt8(ascii: "x"))
        return String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
    }

    @Test func `are those of the number, whatever four of them are`() {
        for four in 0..<10_000 as Range<UInt64> {
            #expect(
                written(four * 10_000 + 9_999 - four, 8)
                    == Digits.text(four * 10_000 + 9_999 - four, width: 8))
        }
    }

    @Test(arguments: [1, 5, 7, 8, 9, 16, 20]) func `fill their width`(_ width: Int) {
        let limit = (0..<width).reduce(UInt64(1)) { power, _ in
            power.multipliedReportingOverflow(by: 10).overflow ? .max : power * 10
        }
        for value in [0, 1, 9, limit / 10, limit / 7, limit - 1] {
            #expect(written(value, width) == Digits.text(value, width: width))
        }
        #expect(width < 20 || written(.max, width) == Digits.text(.max, width: width))
    }
}
