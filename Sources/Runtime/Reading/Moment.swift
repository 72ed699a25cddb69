package import Journal
package import Millrace

/// Up to where a journal is read: a state can be asked for at any moment of the past.
package enum Moment: Sendable, Hashable {
    /// All that is there.
    case end
    /// This record is the last that counts.
    case sequence(UInt64)
    /// Records of a later time do not count.
    case time(Timestamp)

    /// What time it is at this moment, for spans such as `14 days ago`.
    ///
    /// - Parameter last: when the last record that counts was written.
    package func time(present: Timestamp, last: Timestamp?) -> Timestamp {
        switch self {
        case .end: present
        case .sequence: last ?? present
        // A clock may have been set back; and what lies ahead has not come.
        case .time(let time): min(time, max(present, last ?? present))
        }
    }

    package func includes(sequence: UInt64, time: Timestamp) -> Bool {
        switch self {
        case .end: true
        case .sequence(let last): sequence <= last
        case .time(let last): time <= last
        }
    }

    /// Whether a record counts. Its time is read where it matters.
    package func includes(_ record: RawRecord) -> Bool {
        switch self {
        case .end: true
        case .sequence(let last): record.sequence <= last
        case .time(let last): record.time <= last
        }
    }
}
