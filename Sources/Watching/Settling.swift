import LinuxSystem

/// Whether a file is whole: the decision alone, without clocks and without files.
enum Settling {
    /// What tells one state of a file from the next.
    struct Sight: Equatable, Sendable {
        var inode: UInt64
        var size: Int
        var modified: Int64
        var changed: Int64
    }

    /// How long a file must have been left alone, in nanoseconds.
    struct Rule: Equatable, Sendable {
        /// Where the kernel says that nobody has it open.
        var probed: Int64
        /// Where the kernel cannot say.
        var unprobed: Int64
        /// The tick of the file system's clock where two changes within it look the same; 0 where
        /// each change has a time of its own.
        var tick: Int64
    }

    /// Why a file is not taken in yet.
    struct Wait: Equatable, Sendable {
        enum Cause: Sendable { case writer, time }
        var cause: Cause
        var sight: Sight
        /// When this state of the file was first seen, on the monotonic clock.
        var since: Int64
        /// How often a writer was met without a new hint.
        var attempts: Int
        /// When to look again, on the monotonic clock; nil when only a hint can tell more.
        var due: Int64?
    }

    enum Verdict: Equatable, Sendable {
        case take
        case wait(Wait)
    }

    /// After 1, 2, 4 … 512, 1000 ms a writer is known to be a real one: the kernel announces a close
    /// shortly before it stops counting the writer, and all that can follow is its next
    /// announcement.
    static let attemptLimit = 11
    /// How long an empty file must have been left alone, in nanoseconds: who creates a file to write
    /// into it has, for a moment, made it and is not counted as its writer yet.
    static let emptyTime = 100 * millisecond
    static let millisecond: Int64 = 1_000_000

    /// - Parameters:
    ///   - previous: the answer to the last look at the same name, if that was to wait.
    ///   - age: nanoseconds since the file changed, by the clock that stamped it; negative when
    ///     that clock was set back since.
    ///   - now: the monotonic clock.
    static func judge(
        previous: Wait?, sight: Sight, writer: WriterProbe, age: Int64, now: Int64, rule: Rule
    ) -> Verdict {
        let isSame = previous?.sight == sight
        let since = isSame ? previous?.since ?? now : now
        if writer == .present {
            let attempts = previous?.cause == .writer ? (previous?.attempts ?? 0) + 1 : 1
            let delay = min(Int64(1) << Int64(min(attempts - 1, 10)), 1000) * millisecond
            return .wait(
                Wait(
                    cause: .writer, sight: sight, since: since, attempts: attempts,
                    due: attempts > attemptLimit ? nil : now + delay))
        }
        let required = max(
            writer == .unknown ? rule.unprobed : rule.probed, rule.tick,
            sight.size == 0 ? emptyTime : 0)
        // Where a restart or a clock that was set back hides the age, the time that was watched
        // counts.
        let rest = max(age, now - since)
        if required == 0 || rest >= required { return .take }
        return .wait(
            Wait(
                cause: .time, sight: sight, since: since, attempts: 0,
                due: now + min(required - max(rest, 0), required)))
    }
}
