/// A hash table of node numbers; the keys are in the nodes themselves. Eight bytes a slot: the number
/// and half of its hash, so that growing and removing need not look at the nodes. Linear probing;
/// removal shifts back, so that there are no graves.
struct NodeIndex: Sendable {
    private struct Slot {
        var id = UInt32.max
        var hash: UInt32 = 0
        var isEmpty: Bool { id == .max }
    }

    private var slots: [Slot] = []
    private(set) var count = 0
    private var mask: Int { slots.count - 1 }

    /// The first node with this hash that `matches`.
    func first(hash: Int, _ matches: (UInt32) -> Bool) -> UInt32? {
        guard !slots.isEmpty else { return nil }
        let short = UInt32(truncatingIfNeeded: hash)
        var place = Int(short) & mask
        while !slots[place].isEmpty {
            if slots[place].hash == short, matches(slots[place].id) { return slots[place].id }
            place = (place + 1) & mask
        }
        return nil
    }

    func all(hash: Int, limit: Int, _ matches: (UInt32) -> Bool) -> [UInt32] {
        var found: [UInt32] = []
        guard !slots.isEmpty else { return found }
        let short = UInt32(truncatingIfNeeded: hash)
        var place = Int(short) & mask
        while !slots[place].isEmpty, found.count < limit {
            if slots[place].hash == short, matches(slots[place].id) {
                found.append(slots[place].id)
            }
            place = (place + 1) & mask
        }
        return found
    }

    mutating func insert(_ id: UInt32, hash: Int) {
        if slots.isEmpty { slots = [Slot](repeating: Slot(), count: 64) }
        if count * 4 >= slots.count * 3 {
            let old = slots
            slots = [Slot](repeating: Slot(), count: old.count * 2)
            for slot in old where !slot.isEmpty { put(slot) }
        }
        put(Slot(id: id, hash: UInt32(truncatingIfNeeded: hash)))
        count += 1
    }

    mutating func remove(_ id: UInt32, hash: Int) {
        guard !slots.isEmpty else { return }
        var hole = Int(UInt32(truncatingIfNeeded: hash)) & mask
        while slots[hole].id != id {
            if slots[hole].isEmpty { return }
            hole = (hole + 1) & mask
        }
        count -= 1
        var probe = (hole + 1) & mask
        while !slots[probe].isEmpty {
            let home = Int(slots[probe].hash) & mask
            // It may move into the hole unless its home lies between the hole and its place.
            if (probe - home) & mask >= (probe - hole) & mask {
                slots[hole] = slots[probe]
                hole = probe
            }
            probe = (probe + 1) & mask
        }
        slots[hole] = Slot()
    }

    private mutating func put(_ slot: Slot) {
        var place = Int(slot.hash) & mask
        while !slots[place].isEmpty { place = (place + 1) & mask }
        slots[place] = slot
    }
}
