/// Memory of fixed size for the inner loops, freed with its last owner.
///
/// Threads may write to it at the same time as long as no two of them touch the same element:
/// that is for the code that splits the work to see to. Whoever keeps `base` apart from the buffer
/// keeps the buffer alive too.
final class Buffer<Element>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// - Parameter value: a trivial value; nothing is deinitialised.
    init(repeating value: Element, count: Int) {
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: value, count: max(count, 1))
        self.count = count
    }

    deinit { base.deallocate() }
}
