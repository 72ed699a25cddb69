import Synchronization

/// Runs tasks on the calling thread, one step at a time, in an order that a seed decides.
final class SimExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    var hasWork: Bool { jobs.withLock { !$0.isEmpty } }

    /// Runs one of the steps that could run. False when there is none.
    func runOne(_ random: inout SimRandom) -> Bool {
        let job = jobs.withLock { jobs -> UnownedJob? in
            guard !jobs.isEmpty else { return nil }
            return jobs.remove(at: random.below(jobs.count))
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task.detached(executorPreference: self, operation: body)
    }
}

/// Random numbers that are the same for the same seed: SplitMix64 (Steele, Lea and Flood 2014).
struct SimRandom: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }
    mutating func chance(_ probability: Double) -> Bool { unit() < probability }
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
