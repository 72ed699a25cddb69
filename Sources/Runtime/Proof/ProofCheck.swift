import Checksums
import Journal
package import Millrace

/// Verifies a proof without the workspace that it is from.
package enum ProofCheck {
    /// The most that a proof may have: 1 GiB.
    package static let sizeLimit = 1 << 30

    /// - Returns: the proof, all of whose bytes were found to be as they must be.
    /// - Throws: `ProofFlaw`, which names what is wrong.
    package static func check(_ file: [UInt8]) throws(ProofFlaw) -> ProofBundle {
        let bundle: ProofBundle
        do { bundle = try read(file) } catch let error as ProofFlaw { throw error } catch {
            throw ProofFlaw("it is no proof: \(error)")
        }
        let events = try check(records: bundle)
        var objects: [Digest: [UInt8]] = [:]
        for object in bundle.objects {
            guard Digest(words: SHA256.hash(object.bytes).words) == object.sha256 else {
                throw ProofFlaw("object \(object.sha256.hex) is not what its digest says")
            }
            objects[object.sha256] = object.bytes
        }
        var made: ProofBundle
        do {
            made = try ProofBundle(
                records: bundle.records, events: events, deployment: bundle.claim.deployment,
                objects: bundle.objects)
        } catch let error as ProofFlaw { throw error } catch { throw ProofFlaw("\(error)") }
        made.version = bundle.version
        for index in made.facts.indices.prefix(bundle.facts.count) {
            made.facts[index].what = bundle.facts[index].what
        }
        try same(bundle.claim, made.claim, "claim", "the records")
        for (said, found) in zip(bundle.facts, made.facts) {
            try same(said, found, "facts.\(found.step)", "record \(found.sequence)")
        }
        guard made.facts == bundle.facts else { throw ProofFlaw("facts are missing, or too many") }
        try checkForm(made, file)
        return made
    }

    /// Two objects are the same, member by member. - Throws: what names the first that is not.
    private static func same<Part: Encodable & Equatable>(
        _ said: Part, _ found: Part, _ name: String, _ source: String
    ) throws(ProofFlaw) {
        guard said != found else { return }
        let (said, found) = (try? JSONValue(encoding: said), try? JSONValue(encoding: found))
        let key = (found?.members ?? []).first { said?[$0.key] != $0.value }?.key
        let place = key.map { "\(name).\($0)" } ?? name
        throw ProofFlaw("\(place) is not what \(source) says")
    }

    private static func read(_ file: [UInt8]) throws -> ProofBundle {
        let json = try JSONValue(
            parsing: file, limits: JSONLimits(byteCount: sizeLimit, depth: 16))
        guard json["format"]?.stringValue == ProofBundle.format else {
            throw ProofFlaw("its 'format' is not \(ProofBundle.format)")
        }
        let versions = ProofBundle.wordsVersion...ProofBundle.newest
        guard let version = json["version"]?.integerValue.flatMap({ Int(exactly: $0) }),
            versions.contains(version)
        else {
            throw ProofFlaw(
                "its 'version' is none of 1 to \(ProofBundle.newest): a newer program may read it")
        }
        guard let claim = try json["claim"]?.decode(ProofBundle.Claim.self) else {
            throw ProofFlaw("it has no 'claim'")
        }
        var bundle = ProofBundle(
            version: version, claim: claim, facts: [], records: [], objects: [])
        for json in json["facts"]?.arrayValue ?? [] {
            let fact = try json.decode(ProofBundle.Fact.self)
            guard (fact.what != nil) == (version == ProofBundle.wordsVersion) else {
                throw ProofFlaw(
                    "facts.\(fact.step).what is not as it was written: version 1 alone has it")
            }
            bundle.facts.append(fact)
        }
        for (index, record) in (json["records"]?.arrayValue ?? []).enumerated() {
            guard let line = record.stringValue else {
                throw ProofFlaw("entry \(index + 1) of 'records' is no text")
            }
            bundle.records.append(Array(line.utf8))
        }
        for (index, object) in (json["objects"]?.arrayValue ?? []).enumerated() {
            guard let digest = object["sha256"]?.stringValue.flatMap({ Digest(hex: $0) }),
                let bytes = object["base64"]?.stringValue.flatMap({ Base64Text.decode($0) })
            else { throw ProofFlaw("entry \(index + 1) of 'objects' cannot be read") }
            bundle.objects.append(.init(sha256: digest, bytes: bytes))
        }
        return bundle
    }

    /// Each record is whole, each names the hash of the one before it, the last one is the head.
    private static func check(records bundle: ProofBundle) throws(ProofFlaw) -> [Event] {
        var events: [Event] = []
        var before: (sequence: UInt64, hash: SHA256.Value, time: Timestamp)?
        for (index, line) in bundle.records.enumerated() {
            guard let record = RawRecord(parsing: line + [UInt8(ascii: "\n")], segment: 0),
                record.length == line.count + 1, let event = try? record.event()
            else {
                let place = before.map { "the record after \($0.sequence)" } ?? "the first record"
                throw ProofFlaw("\(place) (entry \(index + 1)) is not as it was written")
            }
            if let before {
                guard record.sequence > before.sequence, record.time >= before.time else {
                    throw ProofFlaw("record \(record.sequence) is out of order")
                }
                let isNext = record.sequence == before.sequence + 1
                guard !isNext || record.previous == before.hash else {
                    throw ProofFlaw(
                        "record \(before.sequence) is not the one that record \(record.sequence) "
                            + "follows")
                }
            }
            before = (record.sequence, record.hash, record.time)
            events.append(event)
        }
        guard let last = before, last.sequence == bundle.claim.head,
            Digest(words: last.hash.words) == bundle.claim.headHash
        else {
            throw ProofFlaw("record \(before?.sequence ?? 0), the last, is not the head it claims")
        }
        return events
    }

    /// The last digest, its quotation mark, and the end of the file.
    private static let closingLength = 64 + "\"\n}\n".utf8.count

    /// Nothing but what was read is in the file, and in no other form.
    private static func checkForm(_ bundle: ProofBundle, _ file: [UInt8]) throws(ProofFlaw) {
        let wanted: [UInt8]
        do { wanted = try bundle.bytes() } catch { throw ProofFlaw("\(error)") }
        guard wanted != file else { return }
        let same = zip(wanted, file).prefix { $0 == $1 }.count
        if bundle.version == ProofBundle.wordsVersion, same >= wanted.count - closingLength {
            throw ProofFlaw(
                "facts.*.what, the words of one of them, or the closing sha256 is not as it was "
                    + "written")
        }
        let line = file.prefix(same).count { $0 == UInt8(ascii: "\n") } + 1
        throw ProofFlaw("line \(line) of the file is not as it was written")
    }
}

extension ProofBundle {
    /// The proof that these records make. - Throws: `ProofFlaw` where they make none.
    package init(
        records: [[UInt8]], events: [Event], deployment: UInt64, objects: [Object]
    ) throws {
        guard let last = events.last, let line = records.last else {
            throw ProofFlaw("it has no records")
        }
        let story = try ProofStory(
            events, deployment: deployment,
            objects: Dictionary(
                objects.map { ($0.sha256, $0.bytes) }, uniquingKeysWith: { first, _ in first }))
        let isWhole = zip(events, events.dropFirst()).allSatisfy {
            $0.sequence + 1 == $1.sequence
        }
        self.init(
            claim: Claim(
                model: story.deployed.model, version: story.deployed.version,
                stage: story.deployed.stage, artifact: story.deployed.artifact,
                deployment: deployment, head: last.sequence,
                headHash: Digest(words: SHA256.hash(line).words), isWhole: isWhole,
                isLive: isWhole && story.isLive),
            facts: story.facts, told: story.told, records: records, objects: objects)
    }
}
