/// Remembers values by their 64-bit hash: among ten million values the chance that two different ones
/// are taken for one is 3 in a million.
struct UniqueValues {
    private let limit: Int
    private var slots: UnsafeMutablePointer<UInt64>
    private var capacity = 64
    private var used = 0
    private var hasZero = false
    /// The limit was reached: later values were not looked at.
    private(set) var isFull = false

    init(limit: Int) {
        self.limit = limit
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: 0, count: capacity)
    }

    func deallocate() { slots.deallocate() }

    /// - Returns: false when the value was there before.
    @inline(__always)
    mutating func insert(_ hash: UInt64) -> Bool {
        if hash == 0 {
            defer { hasZero = true }
            return !hasZero
        }
        var slot = Int(truncatingIfNeeded: hash) & (capacity &- 1)
        while slots[slot] != 0 {
            if slots[slot] == hash { return false }
            slot = (slot &+ 1) & (capacity &- 1)
        }
        if used == limit {
            isFull = true
            return true
        }
        slots[slot] = hash
        used &+= 1
        if used &* 3 > capacity &* 2 { grow() }
        return true
    }

    private mutating func grow() {
        let old = UnsafeBufferPointer(start: slots, count: capacity)
        capacity *= 2
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: 0, count: capacity)
        for hash in old where hash != 0 {
            var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = hash
        }
        old.deallocate()
    }
}
