import Checksums
package import Millrace

/// Everything that shows why a model version went into a stage, in one file that needs nothing else:
/// the raw records of the journal with their chain, and the small things that they name by digest.
///
/// The file is JSON, indented, in exactly the form that `bytes` writes, so that no byte of it is free:
///
///     format, version   "millrace-proof", 2
///     claim             what is shown: model, version, stage, artifact, the record of the deployment,
///                       the head of the journal, and whether the chain reaches it without a gap
///     facts             one a step, from the data to the deployment: which record, and what is in it
///     records           the lines of the journal, as they are, in order
///     objects           {sha256, base64} of lists of files, contracts, code, the model
///     sha256            of all bytes before this member's line
///
/// All of it follows from the records and objects. Sentences for people are made when a proof is shown:
/// a program that words them in another way still finds the same bytes. Version 1 kept them in the facts.
package struct ProofBundle: Sendable {
    package struct Claim: Codable, Sendable, Hashable {
        package var model: String
        package var version: Int
        package var stage: String
        package var artifact: Digest
        /// The record by which it went live.
        package var deployment: UInt64
        /// The last record that was looked at.
        package var head: UInt64
        package var headHash: Digest
        /// All records from the first that matters to the head are here; else only those that matter.
        package var isWhole: Bool
        /// Nothing took its place up to the head.
        package var isLive: Bool
    }

    /// One step of the way from data to deployment.
    package struct Fact: Codable, Sendable, Hashable {
        package var step: String
        package var sequence: UInt64
        package var time: Timestamp
        package var actor: String
        /// Of the bytes that the step is about.
        package var sha256: Digest?
        /// In version 1 alone: how the program that wrote it put the record into words. It is kept, and
        /// the closing digest binds it, but nothing rests on it and nothing shows it.
        package var what: String?
    }

    package struct Object: Sendable, Hashable {
        package var sha256: Digest
        package var bytes: [UInt8]
    }

    package var version = newest
    package var claim: Claim
    package var facts: [Fact]
    /// The records that the facts are about, one for each; not in the file.
    package var told: [Event] = []
    /// Lines without their newlines.
    package var records: [[UInt8]]
    package var objects: [Object]

    static let format = "millrace-proof"
    static let newest = 2
    static let wordsVersion = 1

    /// The file.
    package func bytes() throws -> [UInt8] {
        let body = JSONValue.object([
            .init("format", .string(ProofBundle.format)),
            .init("version", .integer(Int64(version))),
            .init("claim", try JSONValue(encoding: claim)),
            .init("facts", .array(try facts.map { try JSONValue(encoding: $0) })),
            .init("records", .array(records.map { .string(String(decoding: $0, as: UTF8.self)) })),
            .init(
                "objects",
                .array(
                    objects.map {
                        [
                            "sha256": .string($0.sha256.hex),
                            "base64": .string(Base64Text.encode($0.bytes)),
                        ]
                    })),
        ])
        // Without the closing line: the digest comes before it.
        let text = body.pretty()
        let head = Array(text.utf8.dropLast(2)) + Array(",\n".utf8)
        let digest = Digest(words: SHA256.hash(head).words)
        return head + Array("  \"sha256\": \"\(digest.hex)\"\n}\n".utf8)
    }
}

/// Base 64 (RFC 4648, section 4), with padding.
enum Base64Text {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// By character: its six bits; 64 for what is none of them.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 64, count: 256)
        for (index, character) in alphabet.enumerated() {
            values[Int(character)] = UInt8(truncatingIfNeeded: index)
        }
        return values
    }()

    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = alphabet
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var start = 0
        while start < bytes.count {
            let count = min(3, bytes.count - start)
            var word: UInt32 = 0
            for index in 0..<3 {
                word = word << 8 | (index < count ? UInt32(bytes[start + index]) : 0)
            }
            for index in 0..<4 {
                text.append(
                    index <= count
                        ? alphabet[Int(word >> (18 - 6 * UInt32(index))) & 63]
                        : UInt8(ascii: "="))
            }
            start += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything that `encode` does not write.
    static func decode(_ text: String) -> [UInt8]? {
        let values = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3)
        var word: UInt32 = 0
        var bits: UInt32 = 0
        for digit in text.utf8 where digit != UInt8(ascii: "=") {
            let value = values[Int(digit)]
            guard value < 64 else { return nil }
            word = (word << 6 | UInt32(value)) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        return encode(bytes) == text ? bytes : nil
    }
}
