import Journal
import Millrace
import MillraceTesting
import StorageKit
import Testing

/// From a drop to production, with a stop before every write to the journal and every effect.
@Suite struct FailpointTests {
    /// What must be the same however often it was stopped on the way.
    private struct Outcome {
        var events: [EventID: String] = [:]
        var outputs: Set<String> = []

        init(_ pipeline: WholePipeline) throws {
            for event in try pipeline.events {
                guard case .plugin = event.actor else { continue }
                events[event.id] = "\(event.type) about \(event.subject)"
            }
            outputs = Set(
                pipeline.world.written.map { path, bytes in
                    let text = String(decoding: bytes.prefix(200), as: UTF8.self)
                    return text.hasPrefix("-> ") ? "\(path) \(text)" : path
                })
        }

        /// What the one has and the other has not.
        func difference(to other: Outcome) -> [String] {
            let missing = events.filter { other.events[$0.key] == nil }
            let more = other.events.filter { events[$0.key] == nil }
            return missing.values.sorted().map { "missing: \($0)" }
                + more.values.sorted().map { "more: \($0)" }
                + outputs.symmetricDifference(other.outputs).sorted()
        }
    }

    @Test func `stopped before any step from a drop to production, it comes to the same end`()
        async throws
    {
        let (disk, world) = (MemoryStorage(), MemoryWorld(plugins: WholePipeline.plugins))
        let steps = Steps(disk, world)
        let whole = try WholePipeline(disk, world, steps: steps)
        try await whole.drop(1)
        let first = try Outcome(whole)
        let moments = steps.moments
        try await whole.drop(2)
        let second = try Outcome(whole)
        #expect(try live(whole) == 2)
        try whole.close()
        // The steps that make the story worth telling.
        for step in ["start of train", "end of evaluate", "link deployments/production/line"] {
            #expect(moments.contains { $0.step.hasPrefix(step) }, "no step '\(step)'")
        }
        #expect(moments.count(where: { $0.step == "sync" }) > 15)
        for (number, moment) in moments.enumerated() {
            let place = "before step \(number), \(moment.step)"
            try await goOn(from: moment.disk, moment.world.copy(), first, second, place)
            if let disk = moment.afterPowerCut {
                try await goOn(
                    from: disk, moment.world, first, second, place + ", in a power cut")
            }
        }
    }

    /// Opens what is left, and looks at what comes of it.
    private func goOn(
        from disk: MemoryStorage, _ world: MemoryWorld, _ first: Outcome, _ second: Outcome,
        _ place: String
    ) async throws {
        let again = try WholePipeline(disk, world)
        // The file still lies there.
        try await again.drop(1)
        let one = try Outcome(again)
        #expect(first.difference(to: one).isEmpty, "\(place)")
        try await again.drop(2)
        let two = try Outcome(again)
        #expect(second.difference(to: two).isEmpty, "\(place)")
        #expect(try live(again) == 2, "\(place)")
        let settled = try settled(again)
        #expect(settled.values.allSatisfy { $0 == 1 }, "\(place): \(settled)")
        try again.close()
        let report = try JournalVerifier.verify(
            WholePipeline.folder, threads: 1, storage: disk)
        #expect(report.isOK, "\(place): \(report.damages)")
    }

    /// The version that the journal says is in production; the link leads there.
    private func live(_ pipeline: WholePipeline) throws -> Int? {
        let completed = try pipeline.events.compactMap { $0.payload(as: DeploymentCompleted.self) }
        let versions = completed.filter { $0.stage == "production" }.map(\.version)
        #expect(Set(versions).count == versions.count, "switched twice: \(versions)")
        let link = pipeline.world.written["deployments/production/line"]
        #expect(
            link.map { String(decoding: $0, as: UTF8.self).hasSuffix("/\(versions.last ?? 0)") }
                == true)
        return versions.last
    }

    /// How often each event was handled by each plugin, or set aside, which nothing is.
    private func settled(_ pipeline: WholePipeline) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for event in try pipeline.events {
            if let done = event.payload(as: ReactionHandled.self) {
                for sequence in done.handled {
                    counts["\(done.plugin) #\(sequence)", default: 0] += 1
                }
            }
            #expect(event.type != ReactionDeadLettered.type && event.type != ReactionFailed.type)
        }
        return counts
    }
}
