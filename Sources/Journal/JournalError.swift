package import LinuxSystem

/// A place in the journal where something is not as it was written.
package struct Damage: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name of the segment's file.
    package let segment: String
    /// The sequence of the record that belongs there.
    package let sequence: UInt64
    /// Bytes from the beginning of the segment.
    package let offset: Int
    package let flaw: Flaw

    package init(segment: UInt64, sequence: UInt64, offset: Int, flaw: Flaw) {
        self.segment = SegmentName.of(segment)
        self.sequence = sequence
        self.offset = offset
        self.flaw = flaw
    }

    package var description: String {
        "record \(sequence), segment \(segment), byte \(offset): \(flaw)"
    }
}

/// Why the journal cannot do what it was asked to.
package enum JournalError: Error, Sendable, CustomStringConvertible {
    /// Another process has the journal open for writing.
    case locked(FilePath)
    /// Records that were on the disk are damaged or gone. The writer does not open such a journal
    /// unless the configuration accepts the damage; a reader stops there.
    case damaged([Damage])
    /// Records up to this one were archived in a directory that cannot be read now.
    case archived(through: UInt64, FilePath)
    /// Nothing can be archived like that; nothing was removed.
    case archive(String)
    /// A call failed while the journal was opened or read.
    case system(SystemError)
    /// A write or a sync failed. What is on the disk after that is unknown until the journal has
    /// been opened again, so this writer never writes any more.
    case stopped(SystemError)
    /// The writer was closed.
    case closed
    /// The disk is full, and the writer was closed, or gave up, before there was room.
    case diskFull
    /// A draft does not fit the format; nothing was written.
    case refused(index: Int, reason: String)
    /// The record is as it was written, but a member is missing or not what it should be.
    case unreadable(sequence: UInt64, member: String)

    package var description: String {
        switch self {
        case .locked(let directory):
            "another process writes the journal \(directory); stop it first"
        case .damaged(let damages):
            "the journal is damaged: "
                + damages.prefix(3).map(\.description).joined(separator: "; ")
                + (damages.count > 3 ? "; and \(damages.count - 3) more places" : "")
        case .archived(let last, let directory):
            "records 1 to \(last) were archived in \(directory), and are not there; "
                + "make them readable there, or ask about what came after"
        case .archive(let reason): reason
        case .system(let error): "the journal cannot be used: \(error)"
        case .stopped(let error):
            "the journal stopped after a failed write: \(error); check the disk, then start again"
        case .closed: "the journal was closed"
        case .diskFull: "the disk is full"
        case .refused(let index, let reason): "event \(index + 1) of the batch: \(reason)"
        case .unreadable(let sequence, let member):
            "record \(sequence): \(member) is missing or not what this version can read"
        }
    }
}
