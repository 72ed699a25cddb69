package import Journal
import LinuxSystem
import Synchronization

extension StateFold {
    /// Fewer records are folded sooner than a second cursor has found its place.
    package static let many: UInt64 = 50_000

    /// Takes all records up to a moment, on two threads where there are many: most projections on the
    /// one, deliveries and depths on the other. Neither needs to know of the other.
    ///
    /// - Parameters:
    ///   - cursor: stands behind the last record that was taken.
    ///   - end: the last record that is taken; nil for all that there are.
    package mutating func fold(
        _ cursor: JournalCursor, of reader: JournalReader, to moment: Moment,
        through end: UInt64? = nil, many: UInt64 = StateFold.many
    ) throws(JournalError) {
        // What is appended meanwhile is taken by both together, at the end.
        let last: UInt64
        if let end { last = end } else { last = try reader.head().sequence }
        if last > sequence, last - sequence >= many, hasTwoHalves {
            try foldHalves(cursor, of: reader, to: moment, through: last)
        }
        try fold(cursor, to: moment, through: end ?? .max)
    }

    private mutating func foldHalves(
        _ cursor: JournalCursor, of reader: JournalReader, to moment: Moment, through last: UInt64
    ) throws(JournalError) {
        let order = projections.kinds
        let work = HalfFold(takeProjections())
        do {
            try DetachedThread.start { work.run(reader, to: moment, through: last) }
        } catch {
            // Without a second thread it is done here, one after the other.
            work.run(reader, to: moment, through: last)
        }
        let mine: JournalError?
        do throws(JournalError) {
            try fold(cursor, to: moment, through: last)
            mine = nil
        } catch {
            mine = error
        }
        putProjections(try work.result(), in: order)
        if let mine { throw mine }
    }
}

/// A fold on a thread of its own.
private final class HalfFold: Sendable {
    private let fold: Mutex<StateFold>
    private let failure = Mutex<JournalError?>(nil)
    private let ended = ThreadSemaphore()

    init(_ fold: consuming sending StateFold) { self.fold = Mutex(fold) }

    func run(_ reader: JournalReader, to moment: Moment, through last: UInt64) {
        fold.withLock { fold in
            do throws(JournalError) {
                let cursor = try reader.cursor(from: fold.sequence + 1)
                try fold.fold(cursor, to: moment, through: last)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        ended.signal()
    }

    /// Waits for it.
    func result() throws(JournalError) -> StateFold {
        ended.wait()
        if let error = failure.withLock({ $0 }) { throw error }
        return fold.withLock { $0 }
    }
}
