package import Journal
import LinuxSystem
import Millrace
import Synchronization

extension StateFold {
    /// Fewer records are folded sooner than another thread has begun.
    package static let many: UInt64 = 8192

    /// Takes all records up to a moment, on two threads where there are many.
    ///
    /// - Parameters:
    ///   - cursor: stands behind the last record that was taken.
    ///   - end: the last record that is taken; nil for all that there are.
    package mutating func fold(
        _ cursor: JournalCursor, of reader: JournalReader, to moment: Moment,
        through end: UInt64? = nil, many: UInt64 = StateFold.many
    ) throws(JournalError) {
        let last: UInt64
        if let end { last = end } else { last = try reader.head().sequence }
        if last > sequence, last - sequence >= many {
            try foldTogether(cursor, reader, to: moment, through: last)
        }
        // What was appended meanwhile, too.
        try fold(cursor, decoder(reader), to: moment, through: end ?? .max)
    }

    private mutating func foldTogether(
        _ cursor: JournalCursor, _ reader: JournalReader, to moment: Moment, through last: UInt64
    ) throws(JournalError) {
        let order = projections.kinds
        let team = FoldTeam(takeParts(), reader)
        var position = sequence
        var latest: RawRecord?
        do throws(JournalError) {
            try team.run { () throws(JournalError) in
                var block = FoldBlock()
                while !block.isFull, position < last, let record = try cursor.next(),
                    moment.includes(record)
                {
                    team.append(record, to: &block)
                    position = record.sequence
                    latest = record
                }
                return block
            }
        } catch {
            putParts(team.takeFolds(), in: order)
            throw error
        }
        putParts(team.takeFolds(), in: order)
        if let latest { set(time: latest.time) }
    }
}

/// Records that follow one another, with the place of each one's type among those that some part wants.
private struct FoldBlock {
    fileprivate(set) var records = RecordBlock()
    fileprivate(set) var places: [Int] = []

    // It is small, and there are few at a time: no more than a cursor's windows hold anyway.
    private static let recordMax = 256
    private static let byteMax = 256 << 10

    var isFull: Bool { records.count >= FoldBlock.recordMax || records.size >= FoldBlock.byteMax }
}

/// The parts of a state, folded by two threads. Each block of records is read once; whoever has nothing
/// else to do takes the part that is furthest behind one block on. No part knows of another.
private final class FoldTeam: Sendable {
    fileprivate struct Progress {
        /// Blocks that some part has yet to take, and the number of the first of them.
        var blocks: [FoldBlock] = []
        var first = 0
        var parts: [Place]
        /// No more blocks come.
        var isComplete = false
        /// Nothing more is folded: a part could not be.
        var isStopped = false
        var failure: JournalError?
        /// The threads that wait for a change.
        var waiting: Set<Worker> = []

        struct Place {
            /// The number of the block that comes next.
            var next = 0
            /// A thread is at it.
            var isBusy = false
        }
    }

    /// Who may read, and who helps.
    fileprivate enum Worker: Hashable { case reader, helper }

    private enum Step {
        case read
        case fold(part: Int, FoldBlock)
        case wait
        case end
    }

    private let parts: [FoldPart]
    private let progress: Mutex<Progress>
    // One for each, or one could be woken in the place of the other.
    private let readerWakes = ThreadSemaphore()
    private let helperWakes = ThreadSemaphore()
    private let ended = ThreadSemaphore()

    private static let blockMax = 3

    /// The types that some part wants; and what finds a record's among them, for the thread that reads.
    private let types: [String]
    private let finder: Mutex<RecordDecoder>

    init(_ folds: [StateFold], _ reader: JournalReader) {
        types = Set(folds.flatMap(\.types)).sorted()
        finder = Mutex(RecordDecoder(reader, types: types))
        parts = folds.map { [types] in FoldPart($0, reader, types) }
        progress = Mutex(Progress(parts: folds.map { _ in Progress.Place() }))
    }

    func append(_ record: RawRecord, to block: inout FoldBlock) {
        block.records.append(record)
        let place = finder.withLock { finder in
            record.withRecordLine { finder.place(ofType: $0) }
        }
        block.places.append(place ?? types.count)
    }

    /// Folds all blocks.
    ///
    /// - Parameter read: gives the next block, an empty one at the end. Called by this thread alone.
    func run(
        _ read: () throws(JournalError) -> FoldBlock
    ) throws(JournalError) {
        var hasHelp = true
        do throws(SystemError) {
            try DetachedThread.start {
                while self.work(self.step(for: .helper), as: .helper) {}
                self.ended.signal()
            }
        } catch {
            // Without a second thread all is done here.
            hasHelp = false
        }
        while true {
            let step = step(for: .reader)
            if case .read = step {
                add(Result { () throws(JournalError) in try read() })
            } else if !work(step, as: .reader) {
                break
            }
        }
        if hasHelp { ended.wait() }
        if let failure = progress.withLock({ $0.failure }) { throw failure }
    }

    func takeFolds() -> [StateFold] { parts.compactMap { $0.take() } }

    /// What is to be done next.
    private func step(for worker: Worker) -> Step {
        progress.withLock { progress in
            // Reading first: everybody waits for that.
            if worker == .reader, !progress.isComplete,
                progress.blocks.count < FoldTeam.blockMax
            {
                return .read
            }
            let end = progress.first + progress.blocks.count
            let open = progress.parts.indices.filter {
                !progress.parts[$0].isBusy && progress.parts[$0].next < end
            }
            if let part = open.min(by: { progress.parts[$0].next < progress.parts[$1].next }) {
                progress.parts[part].isBusy = true
                let block = progress.blocks[progress.parts[part].next - progress.first]
                return .fold(part: part, block)
            }
            if progress.isComplete, progress.blocks.isEmpty { return .end }
            progress.waiting.insert(worker)
            return .wait
        }
    }

    /// False when there is nothing to do any more.
    private func work(_ step: Step, as worker: Worker) -> Bool {
        switch step {
        case .end: return false
        case .wait, .read: wakes(worker).wait()
        case .fold(let part, let block):
            do throws(JournalError) {
                try parts[part].fold(block)
                change { $0.finish(part) }
            } catch {
                change { $0.fail(error) }
            }
        }
        return true
    }

    private func add(_ block: Result<FoldBlock, JournalError>) {
        change { progress in
            switch block {
            case .success(let block) where block.records.count > 0 && !progress.isStopped:
                progress.blocks.append(block)
            case .success: progress.isComplete = true
            case .failure(let error):
                progress.failure = progress.failure ?? error
                progress.isComplete = true
            }
        }
    }

    private func change(_ body: (inout Progress) -> Void) {
        let waiting = progress.withLock { progress in
            body(&progress)
            defer { progress.waiting = [] }
            return progress.waiting
        }
        for worker in waiting { wakes(worker).signal() }
    }

    private func wakes(_ worker: Worker) -> ThreadSemaphore {
        worker == .reader ? readerWakes : helperWakes
    }
}

extension FoldTeam.Progress {
    /// A part has taken its next block.
    fileprivate mutating func finish(_ part: Int) {
        guard !isStopped else { return }
        parts[part].isBusy = false
        parts[part].next += 1
        let done = parts.map(\.next).min() ?? first
        blocks.removeFirst(min(blocks.count, done - first))
        first = done
    }

    /// Nobody goes on.
    fileprivate mutating func fail(_ error: JournalError) {
        failure = failure ?? error
        isComplete = true
        isStopped = true
        blocks = []
    }
}

/// One part, and what makes events of records for it.
private final class FoldPart: Sendable {
    private struct Work {
        var fold: StateFold?
        let decoder: RecordDecoder
    }

    private let work: Mutex<Work>
    /// For each type that some part wants, and for all others, its place among those of this part.
    private let places: [Int?]

    init(_ fold: StateFold, _ reader: JournalReader, _ types: [String]) {
        work = Mutex(Work(fold: fold, decoder: fold.decoder(reader)))
        let own = fold.types
        places = types.map { own.firstIndex(of: $0) } + [nil]
    }

    func fold(_ block: FoldBlock) throws(JournalError) {
        try work.withLock { work throws(JournalError) in
            guard var fold = work.fold.take() else { return }
            defer { work.fold = fold }
            let decoder = work.decoder
            var index = 0
            try block.records.forEach { line throws(JournalError) in
                let place = places[block.places[index]]
                index += 1
                try fold.take(line, at: place, decoder)
            }
        }
    }

    /// Hands it over.
    func take() -> StateFold? { work.withLock { $0.fold.take() } }
}
