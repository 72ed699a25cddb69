import Millrace
import Testing

@testable import Watching

/// Every small workspace after every other, whatever happened to its files in between: what is reported
/// is what is different.
@Suite struct ReconcileTests {
    @Test func `all that changed, moved and vanished is reported once, and nothing else`() {
        var count = 0
        for before in SmallWorld.all {
            for after in SmallWorld.all {
                for one in edits(of: .file(0), before, after) {
                    for other in edits(of: .file(1), before, after) {
                        let truth = SmallWorld(things: after, edits: [one, other])
                        check(SmallWorld(things: before), truth, isReversed: count % 2 == 1)
                        count += 1
                    }
                }
            }
        }
        #expect(count > 10_000)
    }

    @Test func `in whatever order names are looked at, and whatever listings say`() {
        for before in SmallWorld.all {
            for after in SmallWorld.all {
                for round in 0..<4 {
                    var (old, new) = (SmallWorld(things: before), SmallWorld(things: after))
                    (old.areTwins, new.areTwins) = (true, true)
                    check(old, new, isReversed: round % 2 == 1, isBlind: round > 1)
                }
            }
        }
    }

    /// What makes a difference for a file.
    private func edits(
        of file: SmallWorld.Thing, _ before: [SmallWorld.Thing], _ after: [SmallWorld.Thing]
    ) -> [SmallWorld.Edit] {
        before.contains(file) && after.contains(file) ? SmallWorld.Edit.allCases : [.none]
    }

    private func check(
        _ before: SmallWorld, _ truth: SmallWorld, isReversed: Bool, isBlind: Bool = false
    ) {
        var run = Reconciliation(before.known.tree, truth)
        run.isReversed = isReversed
        run.isBlind = isBlind
        run.run()
        let wrong = wrongs(run.reports, before, truth)
        #expect(wrong == [], "\(before) \(truth): \(run.reports)")
        // What was said is known.
        var again = Reconciliation(run.tree, truth)
        again.run()
        #expect(again.reports == [], "\(before) \(truth): once more")
    }

    private func wrongs(
        _ reports: [WatchReport], _ before: SmallWorld, _ truth: SmallWorld
    ) -> [String] {
        var wrong: [String] = []
        var known = before.known
        for report in reports { known.apply(report) }
        let sources = reports.compactMap(\.source)
        if Set(sources).count != sources.count { wrong.append("moved from one name twice") }
        for (index, name) in SmallWorld.names.enumerated() {
            let path = Array(name.utf8)
            guard let there = WorkspacePath(bytes: path) else { continue }
            let (old, new) = (before.things[index], truth.things[index])
            let version = truth.version(at: path)
            let news = reports.filter { $0.path == there && !$0.isRemoval }
            let removals = reports.count { $0.path == there && $0.isRemoval }
            var isNews = old != new
            if case .file(let number) = new, old == new {
                isNews = ![.none, .marked].contains(truth.edits[number])
                // The times that are no news are not told.
                if !isNews { known[there]?.changed = version?.changed ?? 0 }
            }
            if known[there] != version { wrong.append("\(name): the fold is not what is there") }
            if news.count != (version != nil && isNews ? 1 : 0) {
                wrong.append("\(name): reported \(news.count) times")
            }
            let isGone = before.version(at: path) != nil && version == nil
            if removals != (isGone && !sources.contains(there) ? 1 : 0) {
                wrong.append("\(name): removed \(removals) times")
            }
            for case .change(let change) in news where !isTrue(change, old, sources, before, truth)
            {
                wrong.append("\(name): it was not \(change.kind)")
            }
        }
        return wrong + missedMoves(sources, before, truth)
    }

    private func isTrue(
        _ change: FileChange, _ old: SmallWorld.Thing, _ sources: [WorkspacePath],
        _ before: SmallWorld, _ truth: SmallWorld
    ) -> Bool {
        let thing = truth.thing(at: change.path.bytes)
        let last = before.version(at: change.path.bytes)?.digest
        switch change.kind {
        case .added: return last == nil || sources.contains(change.path)
        case .changed: return last != nil && last != change.version.digest
        case .touched: return last == change.version.digest
        case .removed: return false
        case .moved(let source):
            return before.thing(at: source.bytes) == thing
                && truth.thing(at: source.bytes) != thing
        }
    }

    /// A file whose old name leads to nothing was moved to one that it did not have.
    private func missedMoves(
        _ sources: [WorkspacePath], _ before: SmallWorld, _ truth: SmallWorld
    ) -> [String] {
        (0...1).compactMap { number -> String? in
            guard truth.edits[number].keepsModified else { return nil }
            let file = SmallWorld.Thing.file(number)
            let names = SmallWorld.names.indices
            let new = names.count { truth.things[$0] == file && before.things[$0] != file }
            let gone = names.count { truth.things[$0] == .nothing && before.things[$0] == file }
            let moves = sources.count { before.thing(at: $0.bytes) == file }
            return moves < min(new, gone) ? "file \(number) was moved" : nil
        }
    }
}

extension WatchReport {
    fileprivate var path: WorkspacePath? {
        switch self {
        case .change(let change): change.path
        case .refused(let refusal): refusal.path
        default: nil
        }
    }

    fileprivate var isRemoval: Bool {
        if case .change(let change) = self { change.kind == .removed } else { false }
    }

    fileprivate var source: WorkspacePath? {
        if case .change(let change) = self, case .moved(let source) = change.kind {
            source
        } else {
            nil
        }
    }
}
