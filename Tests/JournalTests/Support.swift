import Glibc
import Journal
import LinuxSystem
import Millrace
import Synchronization

/// A folder of its own for one test, removed afterwards.
final class TemporaryFolder: Sendable {
    let path: FilePath

    init() throws {
        var name = Array("/tmp/journal-test-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw SystemError(.current, "mkdtemp") }
        path = FilePath(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    deinit {
        for name in (try? Files.names(in: path)) ?? [] {
            try? Files.unlink(path.appending(name))
        }
        _ = path.withCString { rmdir($0) }
    }
}

/// Small files and no watermarks of its own accord: what most tests want.
func smallConfiguration() -> JournalConfiguration {
    var configuration = JournalConfiguration()
    configuration.reserve = 4096
    configuration.segmentSize = 1 << 20
    configuration.quietMilliseconds = nil
    return configuration
}

func draft(
    _ number: UInt64, type: String = "data.accepted", subject: Subject = .dataset("flights"),
    payload: String? = nil
) -> EventDraft {
    EventDraft(
        id: EventID(high: 7, low: number), type: type, version: 1, subject: subject,
        actor: .plugin("validator"), causation: number > 1 ? EventID(high: 7, low: 1) : nil,
        correlation: EventID(high: 7, low: 1),
        payload: Array((payload ?? "{\"number\":\(number),\"text\":\"r\u{e9}sum\u{e9}\"}").utf8))
}

extension JournalReader {
    func all() throws -> [Event] {
        let cursor = try cursor()
        var events: [Event] = []
        while let event = try cursor.nextEvent() { events.append(event) }
        return events
    }
}

/// Collects what the writer's thread tells.
final class Heard: Sendable {
    private let state = Mutex<[Event]>([])

    func add(_ events: [Event]) { state.withLock { $0 += events } }
    var events: [Event] { state.withLock { $0 } }
}
