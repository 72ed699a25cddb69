import Glibc
package import LinuxSystem
package import Millrace

/// How a journal is written. The defaults suit a daemon.
package struct JournalConfiguration: Sendable {
    /// A segment is closed when the next batch would make it larger than this. Bytes.
    package var segmentSize = 64 << 20
    /// Room is reserved ahead of the records in pieces of this size, filled with newlines. Bytes.
    package var reserve = 4 << 20
    /// When a segment is half full the next one is filled in the background, twice as large up to
    /// `segmentSize`. Without this a journal's segments are the same in every run.
    package var preparesSegments = true
    /// Make indexes in the background.
    package var makesIndexes = true
    /// How much of the segment in use each piece of its index covers. Bytes.
    package var indexPiece = 2 << 20
    /// After so long without an append a watermark is written, once, which proves that the last
    /// records were on the disk. Milliseconds; nil: never.
    package var quietMilliseconds: Int? = 1000
    /// How long to wait between two looks for room on a full disk. Milliseconds.
    package var fullDiskMilliseconds = 500
    /// Whether nobody wants to wait for room any more. Asked while the disk is full: the writer gives up
    /// then, and whoever waits gets `.diskFull`.
    package var givesUp: @Sendable () -> Bool = { false }
    /// Open a journal in which records are damaged or missing. They stay where they are, the log
    /// goes on behind them in a new segment, and an event `journal.damaged` says what was accepted.
    package var acceptDamage = false
    /// Whether a damaged place was accepted before, which is so for ever. Asked only when there is one.
    package var wasAccepted: @Sendable (Damage) -> Bool = { _ in false }
    /// Whether what an event speaks of is on the disk. Asked at the start about the last events, as far
    /// as nothing proves that their append was answered: what is not whole there, and what follows it,
    /// was never acknowledged and is cut like a torn tail.
    package var isWhole: (@Sendable (Event) -> Bool)?
    package var clock: @Sendable () -> Timestamp = { JournalConfiguration.now() }
    /// The calls to the system; tests make them fail.
    package var storage: any Storage = LinuxStorage()

    package init() {}

    /// The system's clock.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            microseconds: Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1000)
    }
}

/// What the writer is doing, for whoever watches the daemon.
package enum JournalCondition: Sendable {
    case writing
    /// There is no room; the batches wait, and the writer goes on by itself when there is.
    case diskFull(SystemError)
    /// A write or a sync failed; this writer never writes any more.
    case stopped(SystemError)
}
