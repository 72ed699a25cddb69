/// The name of one event, for ever: 128 bits, printed as 32 lower-case hexadecimal digits.
///
/// The id of an event that a plugin emits is derived from the plugin, the causing event and the
/// ordinal, so that the same reaction done again gives the same ids.
public struct EventID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The first 128 bits of a digest.
    public init(_ digest: Digest) {
        let bytes = digest.bytes
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Takes 32 hexadecimal digits; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard digits.count == 32 else { return nil }
        var words: [UInt64] = [0, 0]
        for (index, digit) in digits.enumerated() {
            guard let value = hexadecimalValue(digit) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(value)
        }
        high = words[0]
        low = words[1]
    }

    public var description: String {
        hexadecimal(
            [high, low].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
            })
    }

    /// The first eight digits, for a line on a terminal.
    public var short: String { String(description.prefix(8)) }

    public static func < (a: EventID, b: EventID) -> Bool { (a.high, a.low) < (b.high, b.low) }

    public func hash(into hasher: inout Hasher) {
        // Parts of a digest, and uniform already: one word is enough for a table.
        hasher.combine(high ^ low)
    }
}

extension EventID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = EventID(hex: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected 32 hexadecimal digits")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// What an event is about: a kind and a name, for example `dataset/flights` or `model/delays`.
///
/// Events of one subject reach a plugin in order; different subjects run side by side.
public struct Subject: Hashable, Sendable, CustomStringConvertible {
    public let kind: String
    public let name: String

    public init(_ kind: String, _ name: String) {
        self.kind = kind
        self.name = name
    }

    public static func dataset(_ name: String) -> Subject { Subject("dataset", name) }
    public static func pipeline(_ name: String) -> Subject { Subject("pipeline", name) }
    public static func model(_ name: String) -> Subject { Subject("model", name) }
    public static func plugin(_ name: String) -> Subject { Subject("plugin", name) }
    /// The installation itself: settings, daemon, watcher, journal.
    public static let workspace = Subject("workspace", "")

    /// `kind/name`, or the kind alone when there is no name.
    public var description: String { name.isEmpty ? kind : "\(kind)/\(name)" }

    public init(parsing text: some StringProtocol) {
        let utf8 = text.utf8
        if let slash = utf8.firstIndex(of: UInt8(ascii: "/")) {
            kind = String(text[..<slash])
            name = String(text[utf8.index(after: slash)...])
        } else {
            kind = String(text)
            name = ""
        }
    }
}

/// Who did it: a plugin, a person (the owner of the file they dropped), or Millrace itself.
public enum Actor: Hashable, Sendable, CustomStringConvertible {
    case plugin(String)
    case user(UInt32)
    case system

    public var description: String {
        switch self {
        case .plugin(let name): "plugin:\(name)"
        case .user(let uid): "uid:\(uid)"
        case .system: "millrace"
        }
    }

    public init(parsing text: some StringProtocol) {
        if text.hasPrefix("plugin:") {
            self = .plugin(String(text.dropFirst(7)))
        } else if text.hasPrefix("uid:"), let uid = UInt32(text.dropFirst(4)) {
            self = .user(uid)
        } else {
            self = .system
        }
    }
}
