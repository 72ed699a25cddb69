package import Millrace
import Tabular

extension SupervisedSource {
    /// Divides a file's bytes into a file to learn from and a file to measure on, each with the
    /// header, by the same rule by which rows are held out of the built-in training. Rows that cannot
    /// be read are in neither.
    ///
    /// - Throws: `TabularError` when the file is no table.
    package func divide(
        _ file: DatasetFile, holdout: Double, from store: any FileStore
    ) throws -> Division {
        let bytes = try store.bytes(of: file.sha256, limit: SupervisedSource.divisionLimit)
        var sides: (training: [Range<Int>], heldOut: [Range<Int>]) = ([], [])
        let options = ReadOptions(
            format: TabularFormat(fileName: file.path.name), nullTokens: nulls)
        let header = try forEachRow(of: .bytes(bytes), options: options) { range, hash in
            if SupervisedSource.isHeldOut(hash, share: holdout) {
                sides.heldOut.append(range)
            } else {
                sides.training.append(range)
            }
        }
        func joined(_ ranges: [Range<Int>]) -> [UInt8] {
            var part = Array(bytes[header.clamped(to: bytes.indices)])
            part.reserveCapacity(ranges.reduce(part.count + 1) { $0 + $1.count })
            for range in ranges {
                part += bytes[range.clamped(to: bytes.indices)]
                // The last row of a file may have no line end, and still be followed by others.
                if part.last != UInt8(ascii: "\n"), part.last != UInt8(ascii: "\r") {
                    part.append(UInt8(ascii: "\n"))
                }
            }
            return part
        }
        return Division(
            training: joined(sides.training), heldOut: joined(sides.heldOut),
            trainingRows: sides.training.count, heldOutRows: sides.heldOut.count)
    }

    /// The bytes of the two files, and how many rows each has.
    package struct Division: Sendable {
        package let training: [UInt8]
        package let heldOut: [UInt8]
        package let trainingRows: Int
        package let heldOutRows: Int
    }

    /// A file to be divided is held in memory.
    private static let divisionLimit = 4 << 30
}
