import Millrace
import Watching

/// Known files as bytes. Hundreds of thousands are read at each start: packed by hand, a path's length and
/// bytes, then ten words (the lowest byte first), of which the last four are the digest's, or one zero byte
/// instead of a one when there is none.
extension KnownFiles {
    /// Nil for bytes that are not whole.
    init?(packed bytes: [UInt8]) {
        self.init()
        var rest = PackedBytes(bytes)
        while !rest.isEmpty {
            guard let count = rest.word(), let bytes = rest.bytes(count),
                let path = WorkspacePath(bytes: bytes), let device = rest.word(),
                let inode = rest.word(), let size = rest.word(), let modified = rest.word(),
                let changed = rest.word(), let owner = rest.word(), let mode = rest.word(),
                let hasDigest = rest.word()
            else { return nil }
            var digest: Digest?
            if hasDigest == 1 {
                guard let a = rest.word(), let b = rest.word(), let c = rest.word(),
                    let d = rest.word()
                else { return nil }
                digest = Digest(words: (a, b, c, d))
            }
            self[path] = FileVersion(
                device: device, inode: inode, size: Int(truncatingIfNeeded: size),
                modified: Int64(bitPattern: modified), changed: Int64(bitPattern: changed),
                user: UInt32(truncatingIfNeeded: owner >> 32),
                group: UInt32(truncatingIfNeeded: owner),
                mode: UInt32(truncatingIfNeeded: mode), digest: digest)
        }
    }

    /// - Parameter isSorted: the same files give the same bytes, whatever order they came in.
    func packed(isSorted: Bool) -> [UInt8] {
        var packed = PackedBytes(room: count * KnownFiles.usualSize)
        if isSorted {
            var files: [(path: WorkspacePath, version: FileVersion)] = []
            forEach { files.append(($0, $1)) }
            files.sort { $0.path < $1.path }
            for (path, version) in files { KnownFiles.pack(path, version, into: &packed) }
        } else {
            forEach { KnownFiles.pack($0, $1, into: &packed) }
        }
        return packed.all
    }

    /// Of one file with its path, in bytes: a guess, so that the bytes are not moved while they grow.
    private static let usualSize = 160

    private static func pack(
        _ path: WorkspacePath, _ version: FileVersion, into packed: inout PackedBytes
    ) {
        packed.append(UInt64(path.bytes.count))
        packed.append(path.bytes)
        packed.append(version.device)
        packed.append(version.inode)
        packed.append(UInt64(truncatingIfNeeded: version.size))
        packed.append(UInt64(bitPattern: version.modified))
        packed.append(UInt64(bitPattern: version.changed))
        packed.append(UInt64(version.user) << 32 | UInt64(version.group))
        packed.append(UInt64(version.mode))
        packed.append(version.digest == nil ? 0 : 1)
        if let words = version.digest?.words {
            packed.append(words.0)
            packed.append(words.1)
            packed.append(words.2)
            packed.append(words.3)
        }
    }
}

/// Numbers and bytes one after the other.
private struct PackedBytes {
    private(set) var all: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { all = bytes }

    init(room: Int) {
        all = []
        all.reserveCapacity(room)
    }

    var isEmpty: Bool { position == all.count }

    mutating func append(_ word: UInt64) {
        for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
            all.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    mutating func append(_ bytes: [UInt8]) { all += bytes }

    mutating func word() -> UInt64? {
        guard all.count - position >= 8 else { return nil }
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(all[position + index]) << (8 * UInt64(index)) }
        position += 8
        return word
    }

    mutating func bytes(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(all.count - position) else { return nil }
        defer { position += Int(count) }
        return all[position..<position + Int(count)]
    }
}
