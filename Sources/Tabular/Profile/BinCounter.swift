/// Counts of numbers in bins that depend on the set of numbers alone, not on their order.
///
/// A number's *key* is its bit pattern, rearranged so that keys sort as numbers do. As long as there
/// are at most `limit` different numbers, each has its own bin: the counts are exact. Then the lowest
/// bit of all keys is dropped, and another, until at most `limit` bins are left. So a bin is a range
/// of keys of one width, narrow near zero and wide far out, and an outlier costs one bin. Counters
/// can be added in any order, or row by row, and come out the same; every count stays exact.
struct BinCounter {
    let limit: Int
    /// Bits dropped from the keys. At 0 each bin is one number.
    private(set) var level: UInt64 = 0
    private(set) var used = 0
    private var shift: UInt64
    private var capacity: Int
    private var slots: UnsafeMutablePointer<Slot>
    private(set) var distinct: DistinctCounter?

    /// A bin and its count; no count means a free slot.
    private struct Slot {
        var bin: UInt64
        var count: Int
    }

    init(limit: Int) {
        self.limit = limit
        capacity = 32
        shift = 64 - 5
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: Slot(bin: 0, count: 0), count: capacity)
    }

    /// Gives the memory back. The counter must not be used afterwards.
    func deallocate() {
        slots.deallocate()
        distinct?.deallocate()
    }

    /// Keys sort like the numbers; zero has one key.
    @inline(__always)
    static func key(_ value: Double) -> UInt64 {
        let bits = (value + 0).bitPattern
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }

    static func value(ofKey key: UInt64) -> Double {
        Double(bitPattern: key >> 63 == 1 ? key & ~(1 << 63) : ~key)
    }

    mutating func add(_ values: UnsafePointer<Double>, _ count: Int) {
        var index = 0
        while index < count, level == 0 {
            add(bin: Self.key(values[index]), 1)
            index &+= 1
        }
        guard let distinct else { return }
        for later in index..<count {
            let key = Self.key(values[later])
            distinct.add(hash: StableHash.of(key))
            add(bin: key &>> level, 1)
        }
    }

    @inline(__always)
    private mutating func add(bin: UInt64, _ count: Int) {
        var slot = Int(truncatingIfNeeded: (bin &* 0x9E37_79B9_7F4A_7C15) &>> shift)
        while true {
            if slots[slot].bin == bin, slots[slot].count != 0 {
                slots[slot].count &+= count
                return
            }
            if slots[slot].count == 0 { break }
            slot = (slot &+ 1) & (capacity &- 1)
        }
        insert(bin: bin, count, at: slot)
    }

    @inline(never)
    private mutating func insert(bin: UInt64, _ count: Int, at slot: Int) {
        slots[slot] = Slot(bin: bin, count: count)
        used += 1
        if used > limit {
            coarsen()
        } else if used * 2 > capacity {
            rebuild(capacity: capacity * 2, dropping: 0)
        }
    }

    /// Drops as many bits as it takes to come within the limit, and no more.
    private mutating func coarsen() {
        if level == 0 {
            let counter = DistinctCounter()
            for slot in 0..<capacity where slots[slot].count > 0 {
                counter.add(hash: StableHash.of(slots[slot].bin))
            }
            distinct = counter
        }
        // Two neighbours become one bin when the bits up to the highest in which they differ are gone.
        // All at once, because whole numbers would otherwise go through forty steps without effect.
        let bins = sorted()
        let heights = zip(bins, bins.dropFirst()).map { 64 - ($0.bin ^ $1.bin).leadingZeroBitCount }
            .sorted()
        let bits = UInt64(heights[used - limit - 1])
        level += bits
        rebuild(capacity: capacity, dropping: bits)
    }

    private mutating func rebuild(capacity newCapacity: Int, dropping bits: UInt64) {
        let old = UnsafeBufferPointer(start: slots, count: capacity)
        capacity = newCapacity
        shift = UInt64(64 - newCapacity.trailingZeroBitCount)
        slots = .allocate(capacity: newCapacity)
        slots.initialize(repeating: Slot(bin: 0, count: 0), count: newCapacity)
        used = 0
        for slot in old where slot.count > 0 { add(bin: slot.bin >> bits, slot.count) }
        old.deallocate()
    }

    /// The bins in the order of their numbers.
    func sorted() -> [(bin: UInt64, count: Int)] {
        (0..<capacity).filter { slots[$0].count > 0 }.map { (slots[$0].bin, slots[$0].count) }
            .sorted { $0.0 < $1.0 }
    }
}
