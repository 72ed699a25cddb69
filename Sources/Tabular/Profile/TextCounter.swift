/// Counts of texts: each by name while they are few and short, else in bins by their hash. As with
/// `BinCounter`, the outcome depends on the set of texts alone, not on their order.
struct TextCounter {
    /// Bytes that all names together may have.
    static let nameBytesMax = 16_384
    static let bucketCount = 256

    struct Entry {
        var hash: UInt64
        var count: Int
        var offset: Int
        var length: Int
        /// What the contract says of this text; kept here so that it is worked out once a category.
        var verdict: UInt8
    }

    let limit: Int
    private(set) var isCollapsed = false
    private(set) var entries: [Entry] = []
    private var arena: [UInt8] = []
    private var slots: UnsafeMutablePointer<Int32>
    private var capacity = 32
    /// Set once collapsed: counts by the top eight bits of the hash.
    private var buckets: UnsafeMutablePointer<Int>?
    private(set) var distinct: DistinctCounter?

    init(limit: Int) {
        self.limit = limit
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: -1, count: capacity)
    }

    func deallocate() {
        slots.deallocate()
        buckets?.deallocate()
        distinct?.deallocate()
    }

    /// - Returns: the index of the text's entry and whether it is new; nil once collapsed.
    @inline(__always)
    mutating func add(
        _ start: UnsafePointer<UInt8>, _ count: Int, hash: UInt64
    ) -> (index: Int, isNew: Bool)? {
        if let buckets {
            buckets[Int(truncatingIfNeeded: hash &>> 56)] &+= 1
            distinct?.add(hash: StableHash.of(hash))
            return nil
        }
        var slot = Int(truncatingIfNeeded: hash) & (capacity &- 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if entries[index].hash == hash {
                entries[index].count &+= 1
                return (index, false)
            }
            slot = (slot &+ 1) & (capacity &- 1)
        }
        return insert(start, count, hash: hash, at: slot)
    }

    @inline(never)
    private mutating func insert(
        _ start: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, at slot: Int
    ) -> (index: Int, isNew: Bool)? {
        if entries.count == limit || arena.count + count > Self.nameBytesMax {
            collapse()
            return add(start, count, hash: hash)
        }
        let index = entries.count
        entries.append(
            Entry(hash: hash, count: 1, offset: arena.count, length: count, verdict: 0))
        arena.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
        slots[slot] = Int32(index)
        if entries.count * 2 > capacity { growSlots() }
        return (index, true)
    }

    mutating func setVerdict(_ verdict: UInt8, at index: Int) { entries[index].verdict = verdict }

    private mutating func growSlots() {
        slots.deallocate()
        capacity *= 2
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: -1, count: capacity)
        for (index, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (capacity - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = Int32(index)
        }
    }

    private mutating func collapse() {
        let buckets = UnsafeMutablePointer<Int>.allocate(capacity: Self.bucketCount)
        buckets.initialize(repeating: 0, count: Self.bucketCount)
        let counter = DistinctCounter()
        for entry in entries {
            buckets[Int(truncatingIfNeeded: entry.hash >> 56)] += entry.count
            counter.add(hash: StableHash.of(entry.hash))
        }
        self.buckets = buckets
        distinct = counter
        isCollapsed = true
        entries = []
        arena = []
    }

    /// The texts with their counts, in the order of their bytes; empty once collapsed.
    func named() -> [(name: String, count: Int)] {
        entries.map { entry in
            let bytes = arena[entry.offset..<(entry.offset + entry.length)]
            return (String(decoding: bytes, as: UTF8.self), entry.count)
        }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }

    func bucketCounts() -> [Int] {
        guard let buckets else { return [] }
        return Array(UnsafeBufferPointer(start: buckets, count: Self.bucketCount))
    }
}
