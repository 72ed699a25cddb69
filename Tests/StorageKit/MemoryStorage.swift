import Glibc
import Journal
package import LinuxSystem
import Synchronization

/// A disk in memory: fast enough for exhaustive sweeps, able to fail any call, and able to lose
/// power. What was written and not yet forced out may or may not survive a power cut, each sector
/// of it by itself; names that were not forced out likewise.
package final class MemoryStorage: Storage {
    /// What a failing call does.
    package enum Fault: Sendable {
        /// Fails with this error and does nothing.
        case error(Int32)
        /// A write that does half of its bytes and says so; any other call works.
        case short
        /// A write that does half of its bytes and then fails with EIO.
        case torn
    }

    package struct Plan: Sendable {
        /// The call that fails, counted from 0.
        package var at: Int
        package var fault: Fault
        /// Every call from then on fails too.
        package var forever = false

        package init(at: Int, fault: Fault, forever: Bool = false) {
            self.at = at
            self.fault = fault
            self.forever = forever
        }
    }

    fileprivate struct Inode {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        /// Bytes written since the last sync.
        var pending: [(offset: Int, bytes: [UInt8])] = []
    }

    private struct State {
        var inodes: [Int: Inode] = [:]
        var names: [FilePath: Int] = [:]
        var durableNames: [FilePath: Int] = [:]
        var open: [CInt: Int] = [:]
        var locked: [CInt: Int] = [:]
        var nextInode = 1
        var nextFile: CInt = 100
        var calls = 0
        var plan: Plan?
        var room = Int.max
        /// Syncs say that all is well and force nothing out.
        var lies = false
        /// A name that cannot be opened, so many times.
        var refused: FilePath?
        var refusals = 0
        var renamedSizes: [Int] = []
        /// The disk says how much room it has left.
        var tellsRoom = true

        /// A file takes room as long as it has a name or is open.
        var free: Int {
            Set(names.values).union(open.values).reduce(room) {
                $0 - (inodes[$1]?.bytes.count ?? 0)
            }
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Calls that change something, so far.
    package var calls: Int { state.withLock { $0.calls } }

    package func arm(_ plan: Plan?) {
        state.withLock { state in
            state.plan = plan
            state.calls = 0
        }
    }

    /// Opening this fails, so many times.
    package func refuse(_ name: FilePath, times: Int) {
        state.withLock { state in
            state.refused = name
            state.refusals = times
        }
    }

    /// How large the files were that were renamed.
    package var renamedSizes: [Int] { state.withLock { $0.renamedSizes } }

    /// How many of those times are left.
    package var refusals: Int { state.withLock { $0.refusals } }

    /// A disk, or a writer, that does not sync.
    package func lieAboutSyncs() { state.withLock { $0.lies = true } }

    /// Bytes that all files together may have.
    ///
    /// - Parameter isTold: whether whoever asks is told how much of it is left.
    package func setRoom(_ bytes: Int, isTold: Bool = true) {
        state.withLock { state in
            state.room = bytes
            state.tellsRoom = isTold
        }
    }

    /// Bytes of that room that are left.
    package var free: Int { state.withLock { $0.free } }

    package func contents(_ name: FilePath) -> [UInt8]? {
        state.withLock { state in state.names[name].flatMap { state.inodes[$0]?.bytes } }
    }

    package func replace(_ name: FilePath, with bytes: [UInt8]) {
        state.withLock { state in
            let inode = state.nextInode
            state.nextInode += 1
            state.inodes[inode] = Inode(bytes: bytes, durable: bytes)
            state.names[name] = inode
            state.durableNames[name] = inode
        }
    }

    package func flip(_ name: FilePath, bit: Int) {
        state.withLock { state in
            guard let inode = state.names[name] else { return }
            state.inodes[inode]?.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    package func remove(_ name: FilePath) {
        state.withLock { state in
            state.names[name] = nil
            state.durableNames[name] = nil
        }
    }

    package func files() -> [FilePath] { state.withLock { $0.names.keys.sorted() } }

    /// The same files, on a disk of their own; locks are gone, as after `kill -9`.
    package func copy() -> MemoryStorage {
        let copy = MemoryStorage()
        for name in files() { copy.replace(name, with: contents(name) ?? []) }
        return copy
    }

    /// What a power cut leaves.
    package func powerCut(_ random: inout some RandomNumberGenerator) -> MemoryStorage {
        let after = MemoryStorage()
        let snapshot = state.withLock { ($0.inodes, $0.names, $0.durableNames) }
        var names = snapshot.2
        // A rename that was not forced out may have come through by itself.
        for (name, inode) in snapshot.1 where names[name] != inode && Bool.random(using: &random) {
            names[name] = inode
        }
        for (name, inode) in names {
            guard let file = snapshot.0[inode] else { continue }
            var bytes = file.durable
            for write in file.pending {
                var position = write.offset
                while position < write.offset + write.bytes.count {
                    let end = min((position / 512 + 1) * 512, write.offset + write.bytes.count)
                    if Bool.random(using: &random) {
                        if bytes.count < end {
                            bytes += [UInt8](repeating: 0, count: end - bytes.count)
                        }
                        let from = position - write.offset
                        bytes.replaceSubrange(
                            position..<end, with: write.bytes[from..<from + end - position])
                    }
                    position = end
                }
            }
            after.replace(name, with: bytes)
        }
        return after
    }

    // MARK: Storage

    /// Counts a call that changes something and fails it if the plan says so. True: do half.
    private func step(
        _ state: inout State, _ call: String, write: Bool = false
    ) throws(SystemError)
        -> Bool
    {
        defer { state.calls += 1 }
        guard let plan = state.plan, state.calls == plan.at || plan.forever && state.calls > plan.at
        else { return false }
        switch plan.fault {
        case .error(let code): throw SystemError(Errno(code), call, "injected")
        case .short: return write
        case .torn:
            if write { return true }
            throw SystemError(.inputOutput, call, "injected")
        }
    }

    private func locked<R: Sendable>(
        _ body: (inout State) throws(SystemError) -> R
    ) throws(SystemError) -> R {
        let result = state.withLock { state in
            Result { () throws(SystemError) in try body(&state) }
        }
        return try result.get()
    }

    package func open(_ path: FilePath, _ flags: CInt, mode: UInt32) throws(SystemError) -> CInt {
        try locked { state throws(SystemError) in
            if flags & (O_CREAT | O_WRONLY | O_RDWR) != 0 { _ = try step(&state, "open") }
            if path == state.refused, state.refusals > 0 {
                state.refusals -= 1
                throw SystemError(.access, "open")
            }
            if state.names[path] == nil {
                guard flags & O_CREAT != 0 else { throw SystemError(.notFound, "open") }
                state.inodes[state.nextInode] = Inode()
                state.names[path] = state.nextInode
                state.nextInode += 1
            } else if flags & O_EXCL != 0 {
                throw SystemError(.exists, "open")
            }
            guard let inode = state.names[path] else { throw SystemError(.notFound, "open") }
            if flags & O_TRUNC != 0 {
                state.inodes[inode]?.bytes = []
                state.inodes[inode]?.pending = []
                state.inodes[inode]?.durable = []
            }
            state.nextFile += 1
            state.open[state.nextFile] = inode
            return state.nextFile
        }
    }

    package func close(_ file: CInt) {
        state.withLock { state in
            state.open[file] = nil
            state.locked[file] = nil
        }
    }

    private func inode(_ state: State, _ file: CInt) throws(SystemError) -> Int {
        guard let inode = state.open[file] else { throw SystemError(Errno(EBADF), "file") }
        return inode
    }

    package func read(
        _ file: CInt, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        try locked { state throws(SystemError) in
            let source = state.inodes[try inode(state, file)]?.bytes ?? []
            guard offset < source.count else { return 0 }
            let count = min(bytes.count, source.count - offset)
            source.withUnsafeBytes {
                bytes.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            return count
        }
    }

    package func write(
        _ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        try locked { state throws(SystemError) in
            let half = try step(&state, "pwrite", write: true)
            let isTorn = if case .torn? = state.plan?.fault { half } else { false }
            let number = try inode(state, file)
            let size = state.inodes[number]?.bytes.count ?? 0
            let count = half ? max(bytes.count / 2, isTorn ? 0 : 1) : bytes.count
            if offset + count > size, offset + count - size > state.free {
                throw SystemError(.noSpace, "pwrite")
            }
            let part = Array(bytes[..<count])
            state.inodes[number]?.write(part, at: offset)
            if isTorn { throw SystemError(.inputOutput, "pwrite", "injected") }
            return count
        }
    }

    package func syncData(_ file: CInt) throws(SystemError) {
        try locked { state throws(SystemError) in
            let number = try inode(state, file)
            do throws(SystemError) { _ = try step(&state, "fdatasync") } catch {
                // The kernel forgets that the pages were not written: the next sync says all is well.
                if error.errno != .interrupted { state.inodes[number]?.loseTrack() }
                throw error
            }
            if !state.lies { state.inodes[number]?.sync() }
        }
    }

    package func truncate(_ file: CInt, to size: Int) throws(SystemError) {
        try locked { state throws(SystemError) in
            _ = try step(&state, "ftruncate")
            state.inodes[try inode(state, file)]?.truncate(to: size)
        }
    }

    package func rename(_ from: FilePath, _ to: FilePath) throws(SystemError) {
        try locked { state throws(SystemError) in
            _ = try step(&state, "rename")
            guard let inode = state.names[from] else { throw SystemError(.notFound, "rename") }
            state.names[from] = nil
            state.names[to] = inode
            state.renamedSizes.append(state.inodes[inode]?.bytes.count ?? 0)
        }
    }

    package func unlink(_ path: FilePath) throws(SystemError) {
        try locked { state throws(SystemError) in
            _ = try step(&state, "unlink")
            state.names[path] = nil
        }
    }

    package func syncDirectory(_ path: FilePath) throws(SystemError) {
        try locked { state throws(SystemError) in
            _ = try step(&state, "fsync")
            state.durableNames = state.names
        }
    }

    package func size(_ file: CInt) throws(SystemError) -> Int {
        try locked { state throws(SystemError) in
            state.inodes[try inode(state, file)]?.bytes.count ?? 0
        }
    }

    package func lock(_ file: CInt) throws(SystemError) -> Bool {
        try locked { state throws(SystemError) in
            let inode = try inode(state, file)
            if state.locked.values.contains(inode) { return false }
            state.locked[file] = inode
            return true
        }
    }

    package func isLocked(_ file: CInt) throws(SystemError) -> Bool {
        try locked { state throws(SystemError) in
            let inode = try inode(state, file)
            return state.locked.contains { $0.key != file && $0.value == inode }
        }
    }

    package func makeDirectory(_ path: FilePath) throws(SystemError) {
        try locked { state throws(SystemError) in _ = try step(&state, "mkdir") }
    }

    package func names(in path: FilePath) throws(SystemError) -> [FilePath] {
        state.withLock { state in
            state.names.keys.filter { $0.parent == path }.map(\.name).sorted()
        }
    }

    package func freeRoom(_ file: CInt) -> Int? {
        state.withLock { $0.tellsRoom && $0.room < .max ? max(0, $0.free) : nil }
    }
}

extension MemoryStorage.Inode {
    mutating func write(_ part: [UInt8], at offset: Int) {
        if bytes.count < offset + part.count {
            bytes += [UInt8](repeating: 0, count: offset + part.count - bytes.count)
        }
        bytes.replaceSubrange(offset..<offset + part.count, with: part)
        pending.append((offset, part))
    }

    mutating func truncate(to size: Int) {
        bytes = Array(bytes.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - bytes.count))
        // Ordered by the file system's journal: what comes after finds the file cut.
        durable = Array(durable.prefix(size))
        pending = pending.compactMap { write in
            write.offset >= size
                ? nil : (write.offset, Array(write.bytes.prefix(size - write.offset)))
        }
    }

    /// Forces out what is known to be unwritten, and nothing else.
    mutating func sync() {
        for write in pending {
            let end = write.offset + write.bytes.count
            if durable.count < end {
                durable += [UInt8](repeating: 0, count: end - durable.count)
            }
            durable.replaceSubrange(write.offset..<end, with: write.bytes)
        }
        pending = []
    }

    mutating func loseTrack() { pending = [] }
}
