import Foundation

/// What random cases start from: MILLRACE_SEED alone, or a fixed one and as many that nobody has seen
/// before as MILLRACE_SEEDS says. They are in the test's output.
enum Seeds {
    static func some(_ name: String = #fileID) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["MILLRACE_SEED"].flatMap(UInt64.init) { return [one] }
        let count = environment["MILLRACE_SEEDS"].flatMap(Int.init) ?? 2
        let fresh = (0..<max(count, 0)).map { _ in UInt64.random(in: 1000...UInt64(UInt32.max)) }
        print("fresh seeds of \(name): \(fresh)")
        return [1] + fresh
    }
}
