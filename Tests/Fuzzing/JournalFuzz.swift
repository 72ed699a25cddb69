import Checksums
import Glibc
import Journal
import LinuxSystem
import Millrace

// The fuzzer of the journal's scanner, decoder, reader and verifier. With the toolchain's libFuzzer:
//
//     swift build -c release --product MillraceFuzz --sanitize fuzzer -Xswiftc -DFUZZING \
//         -Xswiftc -use-ld=lld --scratch-path .build-fuzz
//     .build-fuzz/release/MillraceFuzz -max_len=4096 Tests/Fuzzing/JournalCorpus
//
// Built without it, the program runs each file that it is given through the same function once.

/// Nothing that these bytes hold may trap, and what is read must be what a second look reads.
///
/// The first byte says what they are taken for: below 200 a record, which is also tried with its
/// length and checksum put right; otherwise the last segment of a journal. With `FUZZ=record` or
/// `FUZZ=journal` in the environment all are taken for the one or the other: records are tried ten
/// times as fast.
func fuzzJournal(_ input: UnsafeRawBufferPointer) {
    guard let kind = input.first else { return }
    let bytes = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    if only == nil ? kind < 200 : only == "record" {
        check(record: bytes)
        scratch.withUnsafeMutableBytes { buffer in
            let count = copyRepaired(bytes, to: buffer)
            check(record: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    } else if kind % 2 == 0 {
        check(journal: Array(bytes))
    } else {
        scratch.withUnsafeMutableBytes { buffer in
            let count = copyRepaired(bytes, to: buffer)
            check(journal: Array(buffer[..<count]))
        }
    }
}

private let only = getenv("FUZZ").map { String(cString: $0) }
/// The fuzzer runs on one thread.
nonisolated(unsafe) private var scratch = [UInt8](repeating: 0, count: (1 << 20) + 64)

private func check(record bytes: UnsafeRawBufferPointer) {
    guard let record = RawRecord(parsing: bytes, segment: 1) else { return }
    _ = record.time
    _ = record.correlation
    _ = record.previous
    guard let event = try? record.event() else { return }
    // The short way to the payload and the long one end at the same place.
    record.withPayload { payload in
        precondition(payload.elementsEqual(event.payload), "two ways, two payloads")
    }
    precondition(record.type == event.type, "two ways, two types")
}

private func check(journal bytes: [UInt8]) {
    let storage = OneSegment(bytes: bytes)
    let directory = FilePath("fuzz")
    guard let report = try? JournalVerifier.verify(directory, threads: 1, storage: storage) else {
        return
    }
    let reader = JournalReader(directory: directory, storage: storage)
    var count: UInt64 = 0
    let cursor = try? reader.cursor(damage: .skip { _ in })
    while let record = try? cursor?.next() {
        count += 1
        _ = try? record.event()
    }
    precondition(count <= report.records, "the reader shows what the verifier does not count")
    let strict = try? reader.cursor()
    while (try? strict?.next()) != nil {}
}

/// Copies the bytes with the first line's length and checksum put right, so that what lies behind
/// them is reached. Returns how many there are.
private func copyRepaired(
    _ bytes: UnsafeRawBufferPointer, to buffer: UnsafeMutableRawBufferPointer
) -> Int {
    var count = min(bytes.count, 1 << 20)
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    guard count > 40 else { return count }
    var end = buffer[..<count].firstIndex(of: 10) ?? count
    if end == count {
        buffer[count] = 10
        count += 1
    }
    if end <= 40 { end = count - 1 }
    var rest = end + 1
    for index in stride(from: 35, through: 28, by: -1) {
        buffer[index] = UInt8(48 + rest % 10)
        rest /= 10
    }
    let crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: buffer[16..<end]))
    for index in 0..<8 {
        let nibble = UInt8(crc >> UInt32(28 - 4 * index) & 15)
        buffer[8 + index] = nibble < 10 ? 48 + nibble : 87 + nibble
    }
    return count
}

/// A journal that is one segment and nothing else.
private struct OneSegment: Storage {
    let bytes: [UInt8]

    func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt {
        guard path.name == FilePath(SegmentName.of(1)) else {
            throw SystemError(.notFound, "open")
        }
        return 3
    }
    func close(_ file: CInt) {}
    func read(
        _ file: CInt, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        guard offset < bytes.count else { return 0 }
        let count = min(buffer.count, bytes.count - offset)
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
        }
        return count
    }
    func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int { throw SystemError(.permission, "write") }
    func syncData(_ file: CInt) throws(SystemError) {}
    func truncate(_ file: CInt, to size: Int) throws(SystemError) {}
    func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {}
    func unlink(_ path: FilePath) throws(SystemError) {}
    func syncDirectory(_ path: FilePath) throws(SystemError) {}
    func size(_ file: CInt) throws(SystemError) -> Int { bytes.count }
    func lock(_ file: CInt) throws(SystemError) -> Bool { true }
    func isLocked(_ file: CInt) throws(SystemError) -> Bool { false }
    func makeDirectory(_ path: FilePath) throws(SystemError) {}
    func names(in path: FilePath) throws(SystemError) -> [FilePath] {
        [FilePath(SegmentName.of(1))]
    }
}

#if FUZZING
    @_cdecl("LLVMFuzzerTestOneInput")
    public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        fuzzJournal(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    }
#else
    @main
    enum FuzzOnce {
        static func main() {
            for name in CommandLine.arguments.dropFirst() {
                guard let bytes = try? Files.read(FilePath(name), limit: 1 << 20) else {
                    print("cannot read \(name)")
                    exit(1)
                }
                bytes.withUnsafeBytes { fuzzJournal($0) }
            }
            print("\(CommandLine.arguments.count - 1) inputs, no trap")
        }
    }
#endif
