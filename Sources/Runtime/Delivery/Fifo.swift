/// A line in which the first is the first: both ends in constant time.
struct Fifo<Element: Sendable>: Sendable {
    // What was taken is let go of at once, and its room when there is more of it than of the rest.
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: head < 1024)
            head = 0
        } else if head > 64, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Puts some before the first.
    mutating func putBack(_ some: [Element]) {
        elements.replaceSubrange(..<head, with: some.map { $0 })
        head = 0
    }
}
