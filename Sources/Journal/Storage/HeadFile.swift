package import Checksums
import Glibc
import LinuxSystem

/// The end of a journal at some moment: a record's sequence and the hash of its line. Whoever keeps
/// it elsewhere can prove later that the journal is an extension of what it was then.
package struct JournalHead: Equatable, Sendable, CustomStringConvertible {
    /// 0 for an empty journal.
    package let sequence: UInt64
    package let hash: SHA256.Value

    package init(sequence: UInt64, hash: SHA256.Value) {
        self.sequence = sequence
        self.hash = hash
    }

    package static let empty = JournalHead(sequence: 0, hash: .zero)

    /// `SEQUENCE:HASH`
    package var description: String { "\(sequence):\(hash)" }

    /// Reads `SEQUENCE:HASH`; nil for anything else.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = UInt64(parts[0]), parts[1].utf8.count == 64,
            let hash = Array(parts[1].utf8).withUnsafeBytes({ Digits.hash($0, 0) })
        else { return nil }
        self.sequence = sequence
        self.hash = hash
    }
}

/// The file `head` beside the segments: the end of the durable log, written after every sync of
/// the log and never before it. So a log that ends earlier than its head has lost records that were
/// on the disk, and a reader knows up to where it may read.
///
/// Two slots of 512 bytes, written in turn, so that one is whole whatever happens; each is one line
/// of JSON of fixed width, filled up with spaces:
///
///     {"crc":"8","sequence":"20","hash":"64","epoch":"20"}
///
/// The checksum is CRC-32C over everything after its digits up to the closing brace. The slot with
/// the higher sequence counts. A missing one is made again from the log, after a record that says so:
/// what it alone could show is lost with it.
struct HeadFile {
    static let slotSize = 512
    private static let template = Array(
        ("{\"crc\":\"00000000\",\"sequence\":\"" + String(repeating: "0", count: 20)
            + "\",\"hash\":\"" + String(repeating: "0", count: 64) + "\",\"epoch\":\""
            + String(repeating: "0", count: 20) + "\"}").utf8)
    private static let crc = 8
    private static let sequence = 30
    private static let hash = 60
    private static let epoch = 135
    private static let end = 157

    struct Contents: Equatable {
        var head: JournalHead
        /// How many times the journal has been opened for writing.
        var epoch: UInt64
        /// What the other slot still says where it is not whole: torn by a power cut, or damaged.
        var remains: Remains?
    }

    /// What can be read in a slot whose checksum is wrong. By itself it proves nothing.
    struct Remains: Equatable {
        /// Nil where these are no digits any more.
        var sequence: UInt64?
        /// As it stands there, digits or not.
        var hash: [UInt8]

        /// Does it name this record? Few of 64 digits can be others by chance.
        func names(_ head: JournalHead) -> Bool {
            guard sequence == head.sequence else { return false }
            let differing = zip(hash, "\(head.hash)".utf8).count { $0 != $1 }
            return hash.count == 64 && differing <= 8
        }
    }

    /// The bytes of one slot.
    static func slot(_ head: JournalHead, epoch: UInt64) -> [UInt8] {
        var bytes = template + [UInt8](repeating: 0x20, count: slotSize - template.count)
        bytes[slotSize - 1] = RecordFormat.newline
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            Digits.write(decimal: head.sequence, 20, to: base + sequence)
            Digits.write(head.hash, to: base + hash)
            Digits.write(decimal: epoch, 20, to: base + HeadFile.epoch)
            let covered = UnsafeRawBufferPointer(start: base + crc + 8, count: end - crc - 8)
            Digits.write(hexadecimal: CRC32C.checksum(covered), to: base + crc)
        }
        return bytes
    }

    /// Nil when neither slot is whole.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> Contents? {
        var whole: [Contents] = []
        var remains = Remains(sequence: nil, hash: [])
        for start in [0, slotSize] {
            let slot = UnsafeRawBufferPointer(
                rebasing: bytes[min(start, bytes.count)..<min(start + slotSize, bytes.count)])
            if let contents = parse(slot: slot) {
                whole.append(contents)
            } else if slot.count == slotSize {
                remains = Remains(
                    sequence: Digits.decimal(slot, sequence, 20),
                    hash: Array(slot[hash..<hash + 64]))
            }
        }
        guard var newest = whole.max(by: { $0.head.sequence < $1.head.sequence }) else {
            return nil
        }
        newest.epoch = whole.map(\.epoch).max() ?? 0
        if whole.count < 2 { newest.remains = remains }
        return newest
    }

    private static func parse(slot: UnsafeRawBufferPointer) -> Contents? {
        guard slot.count == slotSize, slot[..<crc].elementsEqual(template[..<crc]),
            let digits = Digits.hexadecimal(slot, crc, 8),
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: slot[crc + 8..<end])) == digits,
            slot[end..<slotSize - 1].allSatisfy({ $0 == 0x20 }),
            slot[slotSize - 1] == RecordFormat.newline,
            let sequence = Digits.decimal(slot, HeadFile.sequence, 20),
            let hash = Digits.hash(slot, HeadFile.hash),
            let epoch = Digits.decimal(slot, HeadFile.epoch, 20)
        else { return nil }
        return Contents(
            head: JournalHead(sequence: sequence, hash: hash), epoch: epoch)
    }

    /// Nil when neither slot is whole.
    static func read(_ file: StoredFile) throws(SystemError) -> Contents? {
        let result = withUnsafeTemporaryAllocation(byteCount: 2 * slotSize, alignment: 8) {
            buffer in
            Result { () throws(SystemError) in
                let count = try file.read(buffer, at: 0)
                return parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return try result.get()
    }
}

/// Writes the head.
struct HeadWriter {
    private let directory: FilePath
    private let storage: any Storage
    /// Nil before the first head is noted.
    private var file: StoredFile?
    private let epoch: UInt64
    private var next = 0

    /// Notes the head and the new epoch in both slots, durably.
    ///
    /// - Parameter waits: not before the next head is noted. Whoever found the file missing says so in
    ///   the log first: a new head would hide it.
    init(
        in directory: FilePath, head: JournalHead, epoch: UInt64, waits: Bool,
        storage: any Storage
    ) throws(SystemError) {
        self.directory = directory
        self.epoch = epoch
        self.storage = storage
        if !waits { try start(with: head) }
    }

    /// Makes the file if need be.
    private mutating func start(with head: JournalHead) throws(SystemError) {
        let file = try StoredFile(
            directory.appending(SegmentName.head), O_RDWR | O_CREAT | O_NOFOLLOW, storage: storage)
        // One after the other: a power cut leaves one of them whole.
        for slot in [0, 1] {
            try file.writeAll(HeadFile.slot(head, epoch: epoch), at: slot * HeadFile.slotSize)
            try file.syncData()
        }
        self.file = file
    }

    /// Overwrites the older slot. Not synced: a head that is older than the log is never wrong.
    mutating func note(_ head: JournalHead) throws(SystemError) {
        guard let file else {
            try start(with: head)
            let (directory, storage) = (directory, storage)
            try Retry.interrupted { () throws(SystemError) in
                try storage.syncDirectory(directory)
            }
            return
        }
        try file.writeAll(HeadFile.slot(head, epoch: epoch), at: next * HeadFile.slotSize)
        next = 1 - next
    }

    func sync() throws(SystemError) { try file?.syncData() }
}
