import LinuxSystem

/// What notifications, clocks and barriers ask for: they only fill the queues.
extension WatchLoop {
    func hint(_ notification: Inotify.Notification) {
        if notification.mask.contains(.overflowed) {
            needsReconcile = true
            return
        }
        if notification.watch == ancestorWatch {
            suspectsRoot = true
            return
        }
        guard let id = watches[notification.watch] else { return }
        if !notification.mask.isDisjoint(with: [.ignored, .unmounted]) {
            watchEnded(notification.watch, id)
            return
        }
        if tree[id].kind != .directory {
            // A watch on the file itself, because it has several names: all of them may have changed.
            let inode = watchedInodes[notification.watch] ?? tree[id].inode
            for other in tree.nodes(ofInode: inode) { enqueueHot(other, epoch) }
            enqueueHot(id, epoch)
            return
        }
        if notification.name.isEmpty {
            if id == FileTree.root, !notification.mask.isDisjoint(with: [.movedSelf, .deletedSelf])
            {
                suspectsRoot = true
            }
            return
        }
        guard let child = child(notification.name, of: id) else { return }
        // While somebody writes, only the end of it matters.
        let hasWriter = waits[child]?.wait.cause == .writer && !isKept(child)
        if hasWriter, notification.mask == .modified { return }
        if notification.mask.contains(.closedAfterWriting) {
            // The writer may be counted for a moment longer: ask again at short intervals.
            waits[child]?.wait.attempts = 0
        }
        enqueueHot(child, epoch)
    }

    /// The node of a name, made if the name is an input or on the way to one.
    func child(_ name: UnsafeRawBufferPointer, of parent: FileTree.NodeID) -> FileTree.NodeID? {
        if let known = tree.find(name, in: parent) {
            // What was journaled under other rules than today's is left alone.
            return tree[known].flags.contains(.inside) || admission(name, of: parent) != .no
                ? known : nil
        }
        let admission = admission(name, of: parent)
        guard admission != .no, name.count <= 255 else { return nil }
        return tree.insert(name, in: parent, .candidate)
    }

    func admission(
        _ name: UnsafeRawBufferPointer, of parent: FileTree.NodeID
    ) -> InputRules.Admission {
        if tree[parent].flags.contains(.inside) {
            return rules.isIgnored(name, in: { tree.path(of: parent) }) ? .no : .inside
        }
        return rules.inner(name, of: tree.path(of: parent), isInside: false)
    }

    private func watchEnded(_ watch: Int32, _ id: FileTree.NodeID) {
        watches[watch] = nil
        watchedInodes[watch] = nil
        tree[id].watch = -1
        if id == FileTree.root { suspectsRoot = true } else { enqueueHot(id, epoch) }
    }

    /// Compares everything again.
    func reconcile() {
        needsReconcile = false
        guard rootIdentity != nil else { return }
        if !isInitial { reports.append(.overflowed) }
        enqueueScan(FileTree.root, epoch, deep: true)
    }

    /// Looks at what waited for a moment that has come.
    func wakeWaiting() {
        let now = monotonicNanoseconds()
        while let id = due.pop(now: now) {
            guard let (wait, epoch) = waits[id], let moment = wait.due, moment <= now else {
                continue
            }
            enqueueHot(id, epoch)
        }
        if let moment = nextScan, moment <= now {
            nextScan = nil
            for id in unwatched.keys { enqueueScan(id, epoch, deep: false) }
        }
        if let moment = rootRetry, moment <= now { openRoot() }
    }

    // MARK: Barriers

    /// The kernel's queue has just been drained: whatever was done before the call has been hinted
    /// at, or lies where there are no hints.
    func beginBarriers(_ continuations: [CheckedContinuation<Void, Never>]) {
        guard !continuations.isEmpty else { return }
        for continuation in continuations {
            barriers.append(Barrier(epoch: epoch, batch: nil, continuation: continuation))
        }
        // A writer that has closed is no longer counted once its close has returned: one more look
        // is exact for all that was closed before the call.
        for (id, waiting) in waits where waiting.wait.cause == .writer { enqueueHot(id, epoch) }
        for id in unwatched.keys { enqueueScan(id, epoch, deep: false) }
        epoch &+= 1
    }

    func endBarriers() {
        guard !barriers.isEmpty else { return }
        var open: [Barrier] = []
        for var barrier in barriers {
            let isDone = rootIdentity == nil || !outstanding.keys.contains { $0 <= barrier.epoch }
            if barrier.batch == nil, isDone { barrier.batch = delivery.lastBatch() }
            if let batch = barrier.batch, delivery.isAcknowledged(through: batch) {
                barrier.continuation.resume()
            } else {
                open.append(barrier)
            }
        }
        barriers = open
    }

    // MARK: Waiting

    /// Lets a name wait. Somebody who writes holds no barrier up; time does.
    func setWait(_ id: FileTree.NodeID, _ wait: Settling.Wait, _ epoch: UInt32) {
        var epoch = epoch
        if let old = waits[id], old.wait.cause == .time {
            epoch = min(epoch, old.epoch)
            finish(old.epoch)
        }
        if wait.cause == .time { outstanding[epoch, default: 0] += 1 }
        waits[id] = (wait, epoch)
        tree[id].flags.insert(.waiting)
        if let moment = wait.due { due.insert(id, due: moment) }
    }

    /// Whether it waits, but not for a writer.
    private func isKept(_ id: FileTree.NodeID) -> Bool {
        unstored[id] != nil || held[id] != nil
    }

    func endWait(_ id: FileTree.NodeID) {
        unstored[id] = nil
        held[id] = nil
        copies[id] = nil
        guard let old = waits.removeValue(forKey: id) else { return }
        if old.wait.cause == .time { finish(old.epoch) }
        tree.unpin(id, .waiting)
    }
}
