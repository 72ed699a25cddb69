import Journal
package import Millrace

/// Makes the proof of a deployment from a journal and its vault.
package struct ProofBuilder {
    private let search: EvidenceSearch
    private let files: any FileStore

    /// Chains longer than this are left out, and only the records that matter taken in: 32 MiB.
    package static let chainMax = 32 << 20
    /// No proof takes in a longer chain, not even one that is to be whole: 256 MiB.
    package static let wholeMax = 256 << 20
    /// Larger things are named by their digest alone: 256 KiB.
    private static let objectMax = 256 << 10

    package init(_ search: EvidenceSearch, files: any FileStore) {
        self.search = search
        self.files = files
    }

    /// - Parameters:
    ///   - deployment: the record.
    ///   - evidence: the records that it rests on.
    ///   - chainMax: bytes of records that may be taken in for the chain's sake.
    ///   - isWhole: a chain that is longer is an error, and not left out.
    /// - Throws: `ProofFlaw` when the journal does not show why.
    package func bundle(
        deployment: UInt64, evidence: Set<UInt64>, chainMax: Int = chainMax,
        isWhole: Bool = false
    ) throws -> ProofBundle {
        let wanted = try evidence.union(facts(about: deployment))
        let first = wanted.min() ?? deployment
        if let whole = try lines(from: first, limit: chainMax) {
            return try bundle(whole, deployment)
        }
        guard !isWhole else {
            throw ProofFlaw(
                "the records from \(first) to \(search.last) have more than \(chainMax >> 20) MiB, "
                    + "which is more than a proof takes in; without --full it has those that matter"
            )
        }
        let parts = try wanted.union([search.last]).sorted().compactMap { sequence in
            try search.reader.record(sequence)?.copy()
        }
        return try bundle(parts, deployment)
    }

    private func bundle(_ lines: [RawRecord], _ deployment: UInt64) throws -> ProofBundle {
        var events: [Event] = []
        for line in lines { events.append(try line.event()) }
        return try ProofBundle(
            records: lines.map(\.line), events: events, deployment: deployment,
            objects: try objects(events, deployment))
    }

    /// All records from one on; nil when they are more than the limit.
    private func lines(from first: UInt64, limit: Int) throws -> [RawRecord]? {
        var found: [RawRecord] = []
        var size = 0
        let cursor = try search.reader.cursor(from: first)
        while let record = try cursor.next(), record.sequence <= search.last {
            size += record.length
            if size > limit { return nil }
            found.append(try record.copy())
        }
        return found
    }

    /// The records about the version and its stage that a chain of causes does not lead to.
    private func facts(about deployment: UInt64) throws -> Set<UInt64> {
        guard
            let deployed = try search.event(deployment)?.payload(as: DeploymentCompleted.self)
        else { throw ProofFlaw("record \(deployment) is no deployment") }
        let verdicts = try search.all(
            about: deployed.subject,
            [
                ModelEvaluated.self, GatesEvaluated.self, StageChecked.self, ApprovalDecided.self,
                DeploymentCompleted.self,
            ]
        ).filter { $0.isAbout(version: deployed.version, stage: nil) }
        let runs = try search.all(about: .pipeline(deployed.model), [RunCompleted.self])
        let settings = try search.settings(at: deployment)
        return Set((verdicts + runs).map(\.sequence) + [settings?.sequence].compactMap { $0 })
    }

    /// What the story names and is small enough: lists of files always.
    private func objects(
        _ events: [Event], _ deployment: UInt64
    ) throws -> [ProofBundle.Object] {
        guard
            let deployed = events.first(where: { $0.sequence == deployment })?
                .payload(as: DeploymentCompleted.self),
            let version = events.lazy.compactMap({ $0.payload(as: ModelVersionCreated.self) })
                .first(where: { $0.model == deployed.model && $0.version == deployed.version })
        else { return [] }
        var digests = version.inputs.files.layers.map { ($0.sha256, Int.max) }
        let accepted = events.compactMap { $0.payload(as: DataAccepted.self)?.contract }
        digests += Set(accepted).sorted().map { ($0, ProofBuilder.objectMax) }
        digests += version.inputs.code.values.sorted().map { ($0, ProofBuilder.objectMax) }
        digests.append((version.artifact, ProofBuilder.objectMax))
        var seen: Set<Digest> = []
        return try digests.compactMap { digest, limit in
            guard seen.insert(digest).inserted else { return nil }
            do {
                let bytes = try files.bytes(of: digest, limit: min(limit, 512 << 20))
                return ProofBundle.Object(sha256: digest, bytes: bytes)
            } catch let removed as RemovedObject where limit == .max {
                throw ProofFlaw(removed.description)
            } catch {
                return nil
            }
        }
    }
}

extension RawRecord {
    /// The record with bytes of its own: a cursor's are those of a window that moves on.
    fileprivate func copy() throws -> RawRecord {
        guard let copy = RawRecord(parsing: line + [UInt8(ascii: "\n")], segment: segment) else {
            throw ProofFlaw("record \(sequence) cannot be read")
        }
        return copy
    }
}
