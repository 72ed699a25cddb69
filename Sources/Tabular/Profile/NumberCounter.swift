/// Takes a column's numbers. They are gathered and worked on a batch at a time, because then the tables
/// of one column stay in the processor's cache instead of being pushed out by the next columns'.
struct NumberCounter {
    private static let batch = 256

    private(set) var count = 0
    private var pending = 0
    private let numbers: UnsafeMutablePointer<Double>
    private var minimum = Double.infinity
    private var maximum = -Double.infinity
    /// The first number: sums of distances from it keep more digits than sums of the numbers.
    private let shift: Double
    private var sum = 0.0
    private var squares = 0.0
    private var bins: BinCounter

    init(first: Double, binLimit: Int) {
        numbers = .allocate(capacity: Self.batch)
        shift = first
        bins = BinCounter(limit: binLimit)
    }

    func deallocate() {
        numbers.deallocate()
        bins.deallocate()
    }

    @inline(__always)
    mutating func add(_ number: Double) {
        numbers[pending] = number
        pending &+= 1
        if pending == Self.batch { flush() }
    }

    @inline(never)
    private mutating func flush() {
        var (low, high) = (minimum, maximum)
        var (sum, squares) = (0.0, 0.0)
        for index in 0..<pending {
            let number = numbers[index]
            low = number < low ? number : low
            high = number > high ? number : high
            let distance = number - shift
            sum += distance
            squares += distance * distance
        }
        (minimum, maximum) = (low, high)
        self.sum += sum
        self.squares += squares
        bins.add(numbers, pending)
        count &+= pending
        pending = 0
    }

    /// What was taken so far.
    mutating func profile() -> NumberProfile {
        flush()
        let total = Double(count)
        let mean = sum.isFinite ? shift + sum / total : minimum / 2 + maximum / 2
        let spread = squares - sum * (sum / total)
        return NumberProfile(
            count: count, minimum: minimum, maximum: maximum,
            mean: mean.isFinite ? min(max(mean, minimum), maximum) : minimum / 2 + maximum / 2,
            squares: spread.isFinite ? max(0, spread) : .infinity, level: Int(bins.level),
            bins: bins.sorted().map { NumberProfile.Bin(key: $0.bin, count: $0.count) },
            registers: bins.distinct?.snapshot ?? [])
    }
}
