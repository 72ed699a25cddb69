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
/// length and checksum put right; otherwise the last segment of a journal.
func fuzzJournal(_ input: UnsafeRawBufferPointer) {
    guard let kind = input.first else { return }
    let bytes = Array(input.dropFirst())
    if kind < 200 {
        check(record: bytes)
        check(record: repaired(bytes))
    } else {
        check(journal: kind % 2 == 0 ? bytes : repaired(bytes))
    }
}

private func check(record bytes: [UInt8]) {
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

/// The bytes with the first line's length and checksum put right, so that what lies behind them is
/// reached.
private func repaired(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > 40 else { return bytes }
    var bytes = bytes
    var end = bytes.firstIndex(of: 10) ?? bytes.count
    if end == bytes.count { bytes.append(10) }
    if end <= 40 { end = bytes.count - 1 }
    func put(_ text: String, at offset: Int) {
        bytes.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
    }
    let length = String(end + 1)
    put(String(repeating: "0", count: max(0, 8 - length.utf8.count)) + length, at: 28)
    let crc = String(CRC32C.checksum(Array(bytes[16..<end])), radix: 16)
    put(String(repeating: "0", count: 8 - crc.utf8.count) + crc, at: 8)
    return bytes
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
