import Glibc
import Journal
import LinuxSystem
import Millrace

/// `journal find DIRECTORY`: how long it takes to find one record, or those of one root, among all.
/// `cold` is with a reader that knows nothing yet; the time until the process runs is not in it.
func runJournalFind(_ arguments: [String]) -> CInt {
    guard arguments.count == 1 else {
        print("usage: MillraceBench journal find DIRECTORY")
        return 2
    }
    do {
        try find(in: FilePath(arguments[0]))
        return 0
    } catch {
        print("\(error)")
        return 1
    }
}

private func find(in directory: FilePath) throws {
    var begin = now()
    let head = try JournalReader(directory: directory).head()
    printResult("head", [("records", Double(head.sequence)), ("cold_ms", (now() - begin) * 1e3)])
    begin = now()
    try JournalIndexes.make(in: directory)
    printResult("make indexes", [("seconds", now() - begin)])
    var random = Seeded(state: 7)
    let sequences = (0..<1000).map { _ in UInt64.random(in: 1...head.sequence, using: &random) }
    let known = JournalReader(directory: directory)
    let events = try sequences.map { sequence in
        guard let record = try known.record(sequence) else {
            throw JournalError.unreadable(sequence: sequence, member: "it")
        }
        return try record.event()
    }

    func measure(_ name: String, _ find: (JournalReader, Event) throws -> Int) throws {
        var cold = Latencies()
        var warm = Latencies()
        var found = 0
        for event in events.prefix(100) {
            let begin = now()
            found += try find(JournalReader(directory: directory), event)
            cold.add(now() - begin)
        }
        let reader = JournalReader(directory: directory)
        for event in events {
            let begin = now()
            found += try find(reader, event)
            warm.add(now() - begin)
        }
        printResult("\(name), cold", [("found", Double(found))] + cold.members)
        printResult("\(name), warm", warm.members)
    }

    try measure("correlation") { try $0.events(correlation: $1.correlation).count }
    try measure("id") { reader, event in
        try reader.records(with: .id(event.id)).next() == nil ? 0 : 1
    }
    try measure("sequence") { try $0.record($1.sequence) == nil ? 0 : 1 }
    try measure("time") { try $0.sequence(at: $1.time) == nil ? 0 : 1 }
}
