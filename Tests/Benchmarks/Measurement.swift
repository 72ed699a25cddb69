import Glibc

/// Seconds of a clock that only goes forward.
func now() -> Double { seconds(CLOCK_MONOTONIC) }

/// Seconds of processor time of this process, all threads.
func processorTime() -> Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

private func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Latencies in seconds, told as microseconds.
struct Latencies {
    private(set) var all: [Double] = []

    mutating func add(_ seconds: Double) { all.append(seconds) }

    var members: [(String, Double)] {
        let sorted = all.sorted()
        guard let last = sorted.last else { return [] }
        func quantile(_ q: Double) -> Double {
            sorted[min(sorted.count - 1, Int(Double(sorted.count) * q))] * 1e6
        }
        return [
            ("p50_us", quantile(0.5)), ("p99_us", quantile(0.99)), ("p999_us", quantile(0.999)),
            ("max_us", last * 1e6),
        ]
    }
}

/// Prints one line of JSON.
func printResult(_ operation: String, _ members: [(String, Double)], crc: UInt32? = nil) {
    var text = "{\"op\":\"\(operation)\""
    for (key, value) in members {
        // Counts as integers, the rest with the digits that a measurement has.
        if value == value.rounded(), abs(value) < 1e15 {
            text += ",\"\(key)\":\(Int(value))"
        } else {
            text += ",\"\(key)\":\((value * 1e6).rounded() / 1e6)"
        }
    }
    if let crc {
        let digits = String(crc, radix: 16)
        text += ",\"crc\":\"\(String(repeating: "0", count: 8 - digits.count))\(digits)\""
    }
    print(text + "}")
}

/// Lets time pass while something else is measured.
func pause(seconds: Int32) { _ = poll(nil, 0, seconds * 1000) }
