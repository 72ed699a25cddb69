/// Counts of texts: each by name while they are few and short, else in bins by their hash. As with
/// `BinCounter`, the outcome depends on the set of texts alone, not on their order. Texts are told
/// apart by their 64-bit hash.
struct TextCounter {
    /// Bytes that all names together may have when they are written as JSON.
    static let nameBytesMax = 32_768
    static let bucketCount = 256
    /// The place of a text that has no entry of its own.
    static let noEntry = -1
    private static let batch = 256

    private struct Entry {
        var hash: UInt64
        var count: Int
        var offset: Int
        var length: Int
        /// What the contract says of this text, kept so that it is worked out once; 0: not yet.
        var verdict: UInt16
    }

    private let limit: Int
    private var count = 0
    private var lengthMin = Int.max
    private var lengthMax = 0
    private var used = 0
    private var entries: UnsafeMutablePointer<Entry>
    private var arena: [UInt8] = []
    private var nameBytes = 0
    /// Open addressing from hashes to entries; the capacity is twice that of `entries`.
    private var slots: UnsafeMutablePointer<Int32>
    private var capacity = 32

    // Once collapsed: counts by the top eight bits of the hash. The hashes are gathered and worked
    // on a batch at a time, to keep the tables in the processor's cache.
    private var isCollapsed = false
    private var buckets: UnsafeMutablePointer<Int>
    private var pendingHashes: UnsafeMutablePointer<UInt64>
    private var pending = 0
    private var distinct: DistinctCounter?

    init(limit: Int) {
        self.limit = limit
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: -1, count: capacity)
        entries = .allocate(capacity: capacity / 2)
        buckets = .allocate(capacity: Self.bucketCount)
        buckets.initialize(repeating: 0, count: Self.bucketCount)
        pendingHashes = .allocate(capacity: Self.batch)
    }

    func deallocate() {
        slots.deallocate()
        entries.deallocate()
        buckets.deallocate()
        pendingHashes.deallocate()
        distinct?.deallocate()
    }

    /// - Returns: the place of the text's entry, or `noEntry`.
    @inline(__always)
    mutating func add(_ start: UnsafePointer<UInt8>, _ length: Int, hash: UInt64) -> Int {
        count &+= 1
        if length < lengthMin { lengthMin = length }
        if length > lengthMax { lengthMax = length }
        return tally(start, length, hash)
    }

    @inline(__always)
    private mutating func tally(
        _ start: UnsafePointer<UInt8>, _ length: Int, _ hash: UInt64
    ) -> Int {
        if isCollapsed {
            pendingHashes[pending] = hash
            pending &+= 1
            if pending == Self.batch { flush() }
            return Self.noEntry
        }
        var slot = Int(truncatingIfNeeded: hash) & (capacity &- 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if entries[index].hash == hash {
                entries[index].count &+= 1
                return index
            }
            slot = (slot &+ 1) & (capacity &- 1)
        }
        return insert(start, length, hash, at: slot)
    }

    @inline(never)
    private mutating func insert(
        _ start: UnsafePointer<UInt8>, _ length: Int, _ hash: UInt64, at slot: Int
    ) -> Int {
        let cost = Self.cost(UnsafeBufferPointer(start: start, count: length))
        if used == limit || nameBytes + cost > Self.nameBytesMax {
            collapse()
            return tally(start, length, hash)
        }
        let index = used
        (entries + index).initialize(
            to: Entry(hash: hash, count: 1, offset: arena.count, length: length, verdict: 0))
        nameBytes += cost
        arena.append(contentsOf: UnsafeBufferPointer(start: start, count: length))
        slots[slot] = Int32(truncatingIfNeeded: index)
        used += 1
        if used == capacity / 2 { grow() }
        return index
    }

    /// Bytes of a name in a saved profile, its escapes included.
    static func cost(_ name: some Sequence<UInt8>) -> Int {
        name.reduce(0) { $0 + ($1 < 0x20 || $1 == 0x7F ? 6 : ($1 == 0x22 || $1 == 0x5C ? 2 : 1)) }
    }

    @inline(__always)
    func verdict(at entry: Int) -> UInt8? {
        let verdict = entries[entry].verdict
        return verdict == 0 ? nil : UInt8(truncatingIfNeeded: verdict)
    }

    mutating func setVerdict(_ verdict: UInt8, at entry: Int) {
        entries[entry].verdict = UInt16(verdict) | 0x100
    }

    private mutating func grow() {
        slots.deallocate()
        capacity *= 2
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: -1, count: capacity)
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity / 2)
        larger.moveInitialize(from: entries, count: used)
        entries.deallocate()
        entries = larger
        for index in 0..<used {
            var slot = Int(truncatingIfNeeded: entries[index].hash) & (capacity - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = Int32(truncatingIfNeeded: index)
        }
    }

    private mutating func collapse() {
        let counter = DistinctCounter()
        for index in 0..<used {
            buckets[Int(truncatingIfNeeded: entries[index].hash >> 56)] += entries[index].count
            counter.add(hash: StableHash.of(entries[index].hash))
        }
        distinct = counter
        isCollapsed = true
        used = 0
        arena = []
    }

    @inline(never)
    private mutating func flush() {
        for index in 0..<pending {
            let hash = pendingHashes[index]
            buckets[Int(truncatingIfNeeded: hash &>> 56)] &+= 1
            distinct?.add(hash: StableHash.of(hash))
        }
        pending = 0
    }

    /// What was taken so far: names in the order of their bytes, or counts by hash.
    mutating func profile() -> TextProfile {
        flush()
        let names = (0..<used).map { index in
            let entry = entries[index]
            let bytes = arena[entry.offset..<(entry.offset + entry.length)]
            return TextProfile.Category(
                name: String(decoding: bytes, as: UTF8.self), count: entry.count)
        }
        return TextProfile(
            count: count, minimumLength: lengthMin, maximumLength: lengthMax,
            categories: names.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) },
            buckets: isCollapsed
                ? Array(UnsafeBufferPointer(start: buckets, count: Self.bucketCount)) : [],
            registers: distinct?.snapshot ?? [])
    }
}
