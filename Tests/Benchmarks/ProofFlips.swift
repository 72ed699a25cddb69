import Glibc
import Journal
import LinuxSystem
import Runtime
import Synchronization

/// `proof flips FILE SECONDS`: every byte of a proof changed, one at a time. Each change is to be found,
/// and what is wrong to be named.
func runProofBenchmark(_ arguments: [String]) -> CInt {
    guard arguments.count == 3, arguments[0] == "flips", let limit = Double(arguments[2]) else {
        print("usage: MillraceBench proof flips FILE SECONDS")
        return 2
    }
    do {
        let bytes = try Files.read(FilePath(arguments[1]), limit: 16 << 20)
        _ = try ProofCheck.check(bytes)
        try flipAll(bytes, limit: limit)
        return 0
    } catch {
        print("\(error)")
        return 1
    }
}

private func flipAll(_ bytes: [UInt8], limit: Double) throws {
    let start = now()
    let tried = Atomic(0)
    let failures = Mutex<[String]>([])
    let named = Mutex<[String: Int]>([:])
    let threads = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let workers = (0..<threads).map { part in
        WorkThread {
            var mine = bytes
            var kinds: [String: Int] = [:]
            for place in stride(from: part, to: bytes.count, by: threads) {
                guard now() - start < limit, failures.withLock({ $0.isEmpty }) else { break }
                // Another bit each time; of any eight bytes all eight.
                mine[place] ^= 1 << UInt8(place & 7)
                do throws(ProofFlaw) {
                    _ = try ProofCheck.check(mine)
                    failures.withLock { $0.append("byte \(place): not noticed") }
                } catch {
                    kinds[kind(of: error), default: 0] += 1
                }
                mine[place] = bytes[place]
                tried.wrappingAdd(1, ordering: .relaxed)
            }
            let found = kinds
            named.withLock { $0.merge(found) { $0 + $1 } }
        }
    }
    for worker in workers { worker?.join() }
    if let failure = failures.withLock({ $0.first }) { throw BenchmarkFailure(failure) }
    let count = tried.load(ordering: .relaxed)
    printResult(
        "proof flips",
        [("bytes", Double(bytes.count)), ("bytes_changed", Double(count))]
            + named.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) }
            + [("seconds", now() - start)])
    guard count == bytes.count else { throw BenchmarkFailure("the time was over") }
}

/// What was named as wrong.
private func kind(of flaw: ProofFlaw) -> String {
    let words = flaw.description
    let kinds = ["record", "object", "fact", "claim", "line"]
    // What cannot be read at all is named by its member, and what was expected there.
    return kinds.first { words.contains($0) } ?? "member"
}
