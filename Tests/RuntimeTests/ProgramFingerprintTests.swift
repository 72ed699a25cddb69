import Glibc
import LinuxSystem
import Testing

@testable import Runtime

@Suite struct `The fingerprint of a program` {
    /// A program's file: its header, a table with one part that is loaded, that part, and symbols.
    private static func program(_ code: [UInt8], symbols: [UInt8]) -> [UInt8] {
        func word(_ value: Int, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let header: [UInt8] =
            [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + word(0, 8) + word(0, 16) + word(64, 8)
            + word(0, 8) + word(0, 4) + word(64, 2) + word(56, 2) + word(1, 2) + word(0, 6)
        let table =
            word(1, 4) + word(5, 4) + word(120, 8) + word(0, 8) + word(0, 8)
            + word(code.count, 8) + word(code.count, 8) + word(4096, 8)
        return header + table + code + symbols
    }

    private static func fingerprint(_ bytes: [UInt8]) throws -> String {
        let path = FilePath("/tmp/millrace-program-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        defer { try? Files.unlink(path) }
        try Files.replace(path, with: bytes, mode: 0o600, durable: false)
        return try ProgramFingerprint.of(path)
    }

    @Test func `is another when what is loaded is`() throws {
        let code = [UInt8](repeating: 7, count: 5000)
        let one = try Self.fingerprint(Self.program(code, symbols: [1, 2, 3]))
        #expect(try Self.fingerprint(Self.program(code, symbols: [1, 2, 3])) == one)
        for index in [0, 2500, 4999] {
            var other = code
            other[index] = 8
            #expect(try Self.fingerprint(Self.program(other, symbols: [1, 2, 3])) != one)
        }
        // Names for debuggers do nothing.
        #expect(try Self.fingerprint(Self.program(code, symbols: [4, 5, 6])) == one)
    }

    @Test func `is that of all bytes where nobody knows what is loaded`() throws {
        var strange = Self.program([1, 2, 3], symbols: [4, 5, 6])
        // The part reaches beyond the end.
        strange[96] = 200
        for bytes in [strange, Array("#!/bin/sh\n".utf8), Array(strange.prefix(100)), [1]] {
            let one = try Self.fingerprint(bytes)
            var other = bytes
            other[other.count - 1] ^= 1
            #expect(try Self.fingerprint(other) != one)
        }
    }

    @Test func `is found for this one`() { #expect(ProgramFingerprint.own.contains("-")) }
}
