import Checksums
import Console
import Foundation
import Millrace
import Runtime
import Testing

/// Proofs that older programs have written. They must hold for ever, whatever a program calls things
/// by then, so the files are never changed; a new version of the format adds some.
@Suite struct ProofFixtureTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures")
    /// A first deployment with its whole chain, and one that a person approved, with gaps in it.
    static let names = ["proof-1", "proof-2", "proof-2-approved"]

    private func fixture(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: Self.folder.appending(path: "\(name).json")))
    }

    /// The file with the digest that its bytes have now.
    private func closed(_ text: String) -> [UInt8] {
        let body = Array(text.utf8).dropLast("  \"sha256\": \"\"\n}\n".utf8.count + 64)
        let digest = Digest(words: SHA256.hash(Array(body)).words)
        return body + Array("  \"sha256\": \"\(digest.hex)\"\n}\n".utf8)
    }

    @Test(arguments: names) func `still holds, for both verifiers`(_ name: String) async throws {
        let bytes = try fixture(name)
        let bundle = try ProofCheck.check(bytes)
        #expect(try bundle.bytes() == bytes)
        #expect(bundle.told.map(\.sequence) == bundle.facts.map(\.sequence))
        let isApproved = name.hasSuffix("approved")
        #expect(bundle.claim.isWhole == !isApproved)
        #expect(
            Set(bundle.facts.map(\.step)).isSuperset(of: isApproved ? ["approval", "command"] : []))
        let file = Self.folder.appending(path: "\(name).json").path
        #expect(try Python.verify(file) == nil)
        let year = try await Year.shared.value
        #expect(await year.run("prove", "--check", file).code == .success)
    }

    @Test func `no sentence of the program's own is in a proof`() throws {
        let bundle = try ProofCheck.check(try fixture("proof-2"))
        let text = String(decoding: try fixture("proof-2"), as: UTF8.self)
        let catalogue = EventCatalogue()
        for event in bundle.told {
            let words = catalogue.summary(of: event)
            #expect(!words.isEmpty && !text.contains(words), "\(words)")
        }
    }

    @Test func `words of version 1 that this program would put in another way break nothing`()
        async throws
    {
        let text = String(decoding: try fixture("proof-1"), as: UTF8.self)
        let reworded = text.replacing("\"what\": \"run 1:", with: "\"what\": \"the first run, by")
        #expect(reworded != text)
        let file = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(closed(reworded)).write(to: URL(filePath: file))
        let year = try await Year.shared.value
        let answer = await year.run("prove", "--check", file)
        #expect(answer.code == .success, "\(answer.err)")
        // What is shown is what the records say.
        #expect(!answer.out.contains("the first run, by") && answer.out.contains("run 1: "))
        #expect(try Python.verify(file) == nil)
        // Without the digest of the changed bytes.
        try Data(reworded.utf8).write(to: URL(filePath: file))
        let flaw = #expect(throws: ProofFlaw.self) { try ProofCheck.check(Array(reworded.utf8)) }
        #expect(flaw?.description.contains("facts.*.what") == true, "\(flaw as Any)")
        #expect(try Python.verify(file)?.contains("facts.*.what") == true)
    }

    @Test
    func `one changed byte anywhere is found in each, and another version is no way around it`()
        throws
    {
        for name in Self.names {
            let bytes = try fixture(name)
            for place in stride(from: 0, to: bytes.count, by: 1501) {
                var changed = bytes
                changed[place] ^= 1 << UInt8(place % 7)
                #expect(throws: ProofFlaw.self, "byte \(place) of \(name)") {
                    try ProofCheck.check(changed)
                }
            }
        }
        let file = "/tmp/millrace-proof-\(UInt32.random(in: 0 ... .max)).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        for (name, said, other) in [("proof-1", 1, 2), ("proof-2", 2, 1), ("proof-2", 2, 3)] {
            let text = String(decoding: try fixture(name), as: UTF8.self)
                .replacing(
                    "\"version\": \(said),\n  \"claim\"",
                    with: "\"version\": \(other),\n  \"claim\"")
            let bytes = closed(text)
            #expect(bytes != (try fixture(name)))
            #expect(throws: ProofFlaw.self) { try ProofCheck.check(bytes) }
            try Data(bytes).write(to: URL(filePath: file))
            #expect(try Python.verify(file) != nil)
        }
    }
}
