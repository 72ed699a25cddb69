/// Moments at which nodes are to be looked at again: a binary heap. What was put off or settled
/// meanwhile stays in it until its moment and is passed over then.
struct DueQueue: Sendable {
    private var heap: [(due: Int64, id: FileTree.NodeID)] = []

    var next: Int64? { heap.first?.due }
    var count: Int { heap.count }

    mutating func insert(_ id: FileTree.NodeID, due: Int64) {
        heap.append((due, id))
        var child = heap.count - 1
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out one whose moment has come.
    mutating func pop(now: Int64) -> FileTree.NodeID? {
        guard let first = heap.first, first.due <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.id
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].due < heap[least].due { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// First in, first out, without moving what stays.
struct WorkQueue: Sendable {
    struct Item: Sendable {
        var id: FileTree.NodeID
        var epoch: UInt32
    }

    private var items: [Item] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }

    mutating func append(_ item: Item) { items.append(item) }

    mutating func pop() -> Item? {
        guard head < items.count else { return nil }
        defer {
            head += 1
            if head == items.count {
                // A storm's memory is given back.
                items.removeAll(keepingCapacity: items.capacity <= 1 << 12)
                head = 0
            } else if head > 1 << 14, head > items.count / 2 {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }
}
