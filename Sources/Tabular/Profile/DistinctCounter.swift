import Glibc

/// Estimates how many different hashes were added: HyperLogLog with 4,096 registers, standard error
/// 1.6 % (Flajolet et al. 2007, with the correction for small counts).
struct DistinctCounter {
    static let registerCount = 1 << 12
    private let registers: UnsafeMutablePointer<UInt8>

    init() {
        registers = .allocate(capacity: Self.registerCount)
        registers.initialize(repeating: 0, count: Self.registerCount)
    }

    func deallocate() { registers.deallocate() }

    @inline(__always)
    func add(hash: UInt64) {
        let index = Int(truncatingIfNeeded: hash &>> 52)
        let rank = UInt8(truncatingIfNeeded: (hash << 12 | 0x800).leadingZeroBitCount &+ 1)
        if rank > registers[index] { registers[index] = rank }
    }

    var snapshot: [UInt8] {
        Array(UnsafeBufferPointer(start: registers, count: Self.registerCount))
    }

    static func estimate(_ registers: [UInt8]) -> Int {
        let count = Double(registers.count)
        var sum = 0.0
        var empty = 0
        for register in registers {
            sum += Double(sign: .plus, exponent: -Int(register), significand: 1)
            if register == 0 { empty += 1 }
        }
        let raw = 0.7213 / (1 + 1.079 / count) * count * count / sum
        if raw <= 2.5 * count, empty > 0 { return Int(count * log(count / Double(empty))) }
        return Int(raw)
    }
}
