import Console
import Daemon
import Glibc
import Journal
import LinuxSystem
import Millrace
import Runtime
import Synchronization

/// What the commands that print state have in common. They read the journal, with the daemon or
/// without it.
enum Reading {
    /// The journal of a workspace. - Throws: when nothing was ever journaled.
    static func journal(_ layout: WorkspaceLayout) throws -> JournalReader {
        guard try FileStatus.of(layout.journal) != nil else {
            throw CommandFailure(
                .missing, "\(layout.root.description) has no journal yet: nothing has happened",
                advice: "start the daemon: 'millrace run --workspace \(layout.root.description)'")
        }
        return JournalReader(directory: layout.journal, damage: .accepted({ warn($0) }))
    }

    /// Tells once of damage that somebody accepted: what is shown lacks what stood there.
    private static func warn(_ damage: Damage) {
        let isFirst = warned.withLock { warned in
            defer { warned = true }
            return !warned
        }
        guard isFirst else { return }
        let text =
            "warning: the journal is damaged at \(damage), which was accepted; what stood there is "
            + "missing here ('millrace verify' names all places)\n"
        var bytes = Array(text.utf8)
        _ = Glibc.write(2, &bytes, bytes.count)
    }

    private static let warned = Mutex(false)

    /// The plugins as declarations: what they subscribe to, with the settings they have by default.
    static func plugins(_ registry: PluginRegistry) -> [RegisteredPlugin] {
        func make<P: Plugin>(_ type: P.Type) -> RegisteredPlugin {
            RegisteredPlugin(P(settings: P.Settings()))
        }
        return registry.types.map { make($0) }
            + [RegisteredPlugin(WorkspacePlugin(registry: registry))]
    }

    /// The same with the programs that the settings of a workspace declare.
    static func plugins(
        _ registry: PluginRegistry, in layout: WorkspaceLayout
    ) -> [RegisteredPlugin] {
        guard let checked = try? CheckedSettings.read(layout, registry) else {
            return plugins(registry)
        }
        let names = Set(checked.settings.externalPlugins.keys)
        return plugins(registry) + checked.plugins.filter { names.contains($0.name.rawValue) }
    }

    /// The types of the language and of all plugins.
    static func catalogue(_ registry: PluginRegistry) -> EventCatalogue {
        registry.catalogue
    }

    /// A value as indented JSON with a newline.
    static func write(_ value: some Encodable, to out: OutputWriter) throws {
        out.write(try JSONValue(encoding: value).pretty())
        out.write("\n")
    }
}

extension Shared {
    static let at = Option.value(
        "at", .moment, help: "as it was at a time or after the record with this number")

    /// The moment of `--at`. - Throws: for a record that is not there yet.
    static func moment(_ input: Invocation, now: Timestamp) throws -> Moment {
        guard let typed = input[at] else { return .end }
        return try typed.moment(
            now: now, in: try Reading.journal(try layout(input)),
            advice: "without --at it is about now")
    }
}

/// A place in the history as people type it.
enum TypedMoment: Sendable, Equatable {
    case sequence(UInt64)
    case time(Timestamp)
    case ago(seconds: Double)

    init?(_ text: String) {
        if let sequence = UInt64(text.hasPrefix("#") ? text.dropFirst() : text[...]) {
            self = .sequence(sequence)
        } else if let span = TimeSpan(parsing: text) {
            self = .ago(seconds: span.seconds)
        } else if let time = Timestamp(parsing: text) {
            self = .time(time)
        } else {
            return nil
        }
    }

    /// - Throws: for a record that is not there yet.
    func moment(now: Timestamp, in reader: JournalReader, advice: Text) throws -> Moment {
        switch self {
        case .sequence(let sequence):
            let last = try reader.head().sequence
            guard sequence <= last else {
                throw CommandFailure(
                    .missing, "there is no record \(sequence) yet; the last is \(last)",
                    advice: advice)
            }
            return .sequence(sequence)
        case .time(let time): return .time(time)
        case .ago(let seconds): return .time(now.advanced(bySeconds: -seconds))
        }
    }

    var description: String {
        switch self {
        case .sequence(let sequence): "\(sequence)"
        case .time(let time): time.description
        case .ago(let seconds): "\(seconds)s"
        }
    }
}

extension ValueType where Value == TypedMoment {
    static let moment = ValueType(
        placeholder: "TIME|NUMBER",
        expectation: "a time (2026-03-03T14:00, UTC), a span back from now (15m, 2d), "
            + "or a record's number",
        describe: \.description, parse: { $0.text.flatMap(TypedMoment.init) })
}
