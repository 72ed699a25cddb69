import Glibc
import LinuxSystem

/// What was found about the seals of segments that are no longer written to.
package struct SealReport: Sendable, Equatable {
    /// Segments whose bytes have the digest that their index names.
    package internal(set) var matching = 0
    /// Segments that are damaged, and not what was sealed.
    package internal(set) var broken: [String] = []
    /// Indexes that were wrong beside whole segments, and were made again.
    package internal(set) var rebuilt: [String] = []
    /// The same where they could not be written; readers do without them.
    package internal(set) var wrong: [String] = []

    package init() {}
}

/// Compares a sealed segment with its index, if there is one.
enum SealCheck: Sendable {
    case none, matching, broken

    init(_ first: UInt64, in log: LogDirectory) {
        let name = SegmentName.index(of: first)
        do throws(SystemError) {
            _ = try StoredFile(
                log.home(of: first).appending(name), O_RDONLY | O_NOFOLLOW, storage: log.storage)
        } catch {
            self = .none
            return
        }
        guard let index = SegmentIndex(name, of: first, isPiece: false, in: log), index.isWhole,
            let segment = try? SegmentFile(first, in: log),
            (try? segment.digest(of: index.header.range)) == index.header.digest
        else {
            self = .broken
            return
        }
        self = .matching
    }

    /// Adds what was found to a report. - Parameter isWhole: nothing is wrong with the records.
    func add(_ first: UInt64, isWhole: Bool, in log: LogDirectory, to report: inout SealReport) {
        switch self {
        case .none: break
        case .matching: report.matching += 1
        case .broken where !isWhole: report.broken.append(SegmentName.of(first))
        case .broken:
            let name = SegmentName.index(of: first)
            if (try? JournalIndexes.replace(first, in: log)) == true {
                report.rebuilt.append(name)
            } else {
                report.wrong.append(name)
            }
        }
    }
}
