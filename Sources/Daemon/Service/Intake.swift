import Checksums
package import Millrace
package import Watching

/// Between the watcher and the journal: reports become events, and events become what the watcher
/// knows at its start.
package enum Intake {
    /// The events for a batch of reports.
    package static func drafts(
        _ reports: [WatchReport], at now: Timestamp
    ) throws -> [EventDraft] {
        var drafts: [EventDraft] = []
        drafts.reserveCapacity(reports.count)
        var index = 0
        while index < reports.count {
            let set = set(at: index, in: reports)
            let count = set == nil ? 1 : setCount(at: index, in: reports)
            for number in 0..<count {
                let place = set.map {
                    DropSet(directory: $0, number: number + 1, count: count)
                }
                drafts += try self.drafts(reports[index + number], at: now, set: place)
            }
            index += count
        }
        return drafts
    }

    private static func set(at index: Int, in reports: [WatchReport]) -> WorkspacePath? {
        if case .change(let change) = reports[index] { change.set } else { nil }
    }

    /// How many reports from here on are of one set: it ends with another set, and where a file comes
    /// a second time.
    private static func setCount(at start: Int, in reports: [WatchReport]) -> Int {
        var paths: Set<WorkspacePath> = []
        for index in start..<reports.count {
            guard case .change(let change) = reports[index],
                change.set == set(at: start, in: reports), paths.insert(change.path).inserted
            else { return index - start }
        }
        return reports.count - start
    }

    /// The events for a report; none for what needs none.
    ///
    /// A file that was moved from one dataset to another is gone from the one, and in the other it is
    /// told where it was: each is told of it in the order of its own events. What is refused where it is now
    /// is gone from where it was as well.
    package static func drafts(
        _ report: WatchReport, at now: Timestamp, set: DropSet? = nil
    ) throws -> [EventDraft] {
        guard case .change(let change) = report else {
            return try draft(report, at: now).map { [$0] } ?? []
        }
        guard case .moved(let from) = change.kind,
            Area(of: from) != Area(of: change.path) || refusal(change) != nil
        else { return [try draft(change, at: now, set: set)] }
        var left = change
        (left.path, left.kind) = (from, .removed)
        return try drafts(.change(left), at: now) + [try draft(change, at: now, set: set)]
    }

    private static func draft(_ report: WatchReport, at now: Timestamp) throws -> EventDraft? {
        switch report {
        case .change(let change): try draft(change, at: now, set: nil)
        case .refused(let refusal):
            try outside(
                FileRefused(
                    path: refusal.path, reason: refusal.reason.description,
                    size: refusal.version.size, uid: refusal.version.user,
                    identity: identity(refusal.version), area: Area(of: refusal.path)),
                actor: .user(refusal.version.user), at: now)
        case .degraded(let degradation):
            try outside(
                WatchDegraded(
                    part: degradation.part?.description ?? "the workspace",
                    reason: degradation.reason.description,
                    intervalSeconds: degradation.interval / .seconds(1)),
                actor: .system, at: now)
        case .recovered(let reason):
            try outside(WatchRecovered(reason: reason.description), actor: .system, at: now)
        case .overflowed: try outside(WatchOverflowed(), actor: .system, at: now)
        case .ready, .recognised: nil
        }
    }

    private static func refusal(_ change: FileChange) -> String? {
        Trust.refusal(Area(of: change.path), uid: change.version.user, mode: change.version.mode)
    }

    private static func draft(
        _ change: FileChange, at now: Timestamp, set: DropSet?
    ) throws -> EventDraft {
        let version = change.version
        let area = Area(of: change.path)
        guard case .removed = change.kind else {
            guard let digest = version.digest else {
                throw ReactionError("the watcher reports \(change.path) without a digest")
            }
            if let reason = refusal(change) {
                return try outside(
                    FileRefused(
                        path: change.path, reason: reason, size: version.size, uid: version.user,
                        identity: identity(version), area: area, sha256: digest),
                    actor: .user(version.user), at: now)
            }
            var previous: WorkspacePath?
            let kind: FileArrived.Change
            switch change.kind {
            case .moved(let from):
                kind = .moved
                previous = from
            case .changed: kind = .changed
            case .touched: kind = .touched
            default: kind = .added
            }
            let arrived = FileArrived(
                change: kind, path: change.path, previousPath: previous, size: version.size,
                sha256: digest, uid: version.user, identity: identity(version), area: area,
                set: set)
            return outside(arrived, arrived.bytes, actor: .user(version.user), at: now)
        }
        let nothing = SHA256.Value.zero
        return try outside(
            FileRemoved(
                path: change.path, sha256: version.digest ?? Digest(words: nothing.words),
                area: area),
            actor: .system, at: now)
    }

    /// An event that nothing in the journal caused. Its id is made from what it says and when.
    package static func outside<P: EventPayload>(
        _ payload: P, actor: Actor, at now: Timestamp
    ) throws -> EventDraft {
        outside(payload, try JSONValue(encoding: payload).bytes, actor: actor, at: now)
    }

    private static func outside<P: EventPayload>(
        _ payload: P, _ bytes: [UInt8], actor: Actor, at now: Timestamp
    ) -> EventDraft {
        var hash = SHA256()
        hash.update(Array("\(P.type)\u{0}\(now.microseconds)\u{0}".utf8))
        hash.update(bytes)
        return EventDraft(
            id: EventID(Digest(words: hash.finish().words)), type: P.type, version: P.version,
            subject: payload.subject, actor: actor, payload: bytes)
    }

    private static func identity(_ version: FileVersion) -> FileIdentity {
        FileIdentity(
            device: version.device, inode: version.inode, modified: version.modified,
            changed: version.changed, gid: version.group, mode: version.mode)
    }

    /// The types that say what the watcher knows.
    package static let types: Set<String> = [FileArrived.type, FileRemoved.type, FileRefused.type]

    /// Takes an event of the past into what the watcher knows.
    package static func fold(_ event: Event, into known: inout KnownFiles) {
        if let arrived = event.payload(as: FileArrived.self) {
            if let previous = arrived.previousPath { known[previous] = nil }
            known[arrived.path] = version(
                arrived.identity, size: arrived.size, uid: arrived.uid, digest: arrived.sha256)
        } else if let removed = event.payload(as: FileRemoved.self) {
            known[removed.path] = nil
        } else if let refused = event.payload(as: FileRefused.self) {
            known[refused.path] = version(
                refused.identity, size: refused.size, uid: refused.uid, digest: refused.sha256)
        }
    }

    private static func version(
        _ identity: FileIdentity, size: Int, uid: UInt32, digest: Digest?
    ) -> FileVersion {
        FileVersion(
            device: identity.device, inode: identity.inode, size: size,
            modified: identity.modified, changed: identity.changed, user: uid,
            group: identity.gid, mode: identity.mode, digest: digest)
    }
}
