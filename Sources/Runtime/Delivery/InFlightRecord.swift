import Glibc
package import LinuxSystem
import Millrace
import Synchronization

/// Which reactions run at this moment, in a file that survives the death of the process (not a power
/// cut, which is nobody's fault): so that the next start knows what was running when this one died.
///
/// The file's first byte is `!` when the process died of a trap: a mark made by a signal handler.
/// Then one slot of fixed width for each reaction: `SEQUENCE PLUGIN`, or spaces.
package final class InFlightRecord: Sendable {
    package struct Entry: Hashable, Sendable {
        package let plugin: String
        package let sequence: UInt64
    }

    /// What the last process left behind.
    package struct Remains: Sendable {
        package let entries: [Entry]
        /// It died of a trap or another fault of its own, not of a SIGKILL from outside.
        package let hasTrapped: Bool
    }

    private static let slotSize = 128
    private static let slotCount = 256

    private let file: FileDescriptor
    private let used = Mutex<Set<Int>>([])
    package let remains: Remains

    /// Reads what was left, and begins anew.
    package init(_ path: FilePath) throws(SystemError) {
        remains = InFlightRecord.read(path)
        file = try FileDescriptor.open(
            path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        // In place, which needs no room: on a full disk what was left would be forgotten otherwise.
        let size = InFlightRecord.slotSize * (InFlightRecord.slotCount + 1)
        try file.writeAll([UInt8](repeating: UInt8(ascii: " "), count: size))
    }

    /// For the handler of fatal signals, which may do no more than write to it.
    package var descriptor: CInt { file.raw }

    private static func read(_ path: FilePath) -> Remains {
        let size = slotSize * (slotCount + 1)
        guard let bytes = try? Files.read(path, limit: size), bytes.count == size else {
            return Remains(entries: [], hasTrapped: false)
        }
        var entries: [Entry] = []
        for slot in 1...slotCount {
            let text = String(
                decoding: bytes[(slot * slotSize)..<((slot + 1) * slotSize)], as: UTF8.self)
            let parts = text.split(separator: " ")
            if parts.count == 2, let sequence = UInt64(parts[0]) {
                entries.append(Entry(plugin: String(parts[1]), sequence: sequence))
            }
        }
        return Remains(entries: entries, hasTrapped: bytes.first == UInt8(ascii: "!"))
    }

    /// Notes that a reaction begins. - Returns: its slot; nil when there is none left.
    func begin(_ entry: Entry) -> Int? {
        let slot = used.withLock { used -> Int? in
            guard let free = (1...InFlightRecord.slotCount).first(where: { !used.contains($0) })
            else { return nil }
            used.insert(free)
            return free
        }
        if let slot { note(entry, in: slot) }
        return slot
    }

    /// Notes that it has ended, one way or another.
    func end(_ slot: Int) {
        write("", to: slot)
        _ = used.withLock { $0.remove(slot) }
    }

    /// While a reaction waits for another process, a death of this one is not its fault.
    func shelter(_ slot: Int) { write("", to: slot) }

    func note(_ entry: Entry, in slot: Int) { write("\(entry.sequence) \(entry.plugin)", to: slot) }

    private func write(_ text: String, to slot: Int) {
        var bytes = [UInt8](repeating: UInt8(ascii: " "), count: InFlightRecord.slotSize)
        for (index, byte) in text.utf8.prefix(InFlightRecord.slotSize - 1).enumerated() {
            bytes[index] = byte
        }
        bytes.withUnsafeBytes { buffer in
            // Only a help for the next start: a failure here is no reason to stop.
            try? file.writeAll(buffer, at: slot * InFlightRecord.slotSize)
        }
    }
}

/// The world of one reaction: notes when it waits for other processes.
struct ReactionWorld: World {
    let base: any World
    let record: InFlightRecord
    let entry: InFlightRecord.Entry
    let slot: Int

    var now: Timestamp { base.now }
    var files: any FileStore { base.files }
    var outputs: any OutputFolders { base.outputs }

    func log(_ level: LogLevel, _ message: String) { base.log(level, message) }

    func timeZone(named name: String) throws -> [UInt8] { try base.timeZone(named: name) }

    func run(_ command: ProcessRequest) async throws -> CommandResult {
        record.shelter(slot)
        defer { record.note(entry, in: slot) }
        return try await base.run(command)
    }

    func ask(_ request: ExternalRequest) async throws -> [ExternalEvent] {
        record.shelter(slot)
        defer { record.note(entry, in: slot) }
        return try await base.ask(request)
    }

    func perform(_ request: JobRequest) async throws -> JSONValue {
        record.shelter(slot)
        defer { record.note(entry, in: slot) }
        return try await base.perform(request)
    }
}
