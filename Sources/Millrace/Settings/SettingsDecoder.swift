/// Drives a type's own `init(from:)` over what the user wrote, with the defaults underneath.
///
/// Each value is decoded strictly first: then an `init(from:)` of the author's, which may try one
/// form and then another, behaves as it always does. Only where that fails, the value is decoded
/// again leniently: each part is checked by itself, and what is wrong is noted and replaced by its
/// default, so that the rest is still seen. Such a replacement never leaves `checkSettings`.
final class SettingsDecoder: ValueDecoder {
    /// The default of this value; nil when there is none, or before it is needed.
    private var fallback: JSONValue?
    private let log: SettingsLog
    private let isLenient: Bool
    /// The keys that the type asked for, in order, with their types where it said them.
    private(set) var fields: [(name: String, type: (any Decodable.Type)?)] = []
    private var isKeyed = false
    private var children: [SettingsDecoder] = []

    init(
        _ json: JSONValue, fallback: JSONValue?, parent: ValueDecoder?, key: (any CodingKey)?,
        log: SettingsLog, isLenient: Bool
    ) {
        self.fallback = fallback == .null ? nil : fallback
        self.log = log
        self.isLenient = isLenient
        super.init(json, parent: parent, key: key)
    }

    /// Decodes a value and notes everything that is wrong with it; throws when nothing could stand
    /// in.
    static func checked<T: Decodable>(
        _ type: T.Type, _ json: JSONValue, fallback: JSONValue?, parent: ValueDecoder?,
        key: (any CodingKey)?, log: SettingsLog
    ) throws -> T {
        func decoder(isLenient: Bool) -> SettingsDecoder {
            SettingsDecoder(
                json, fallback: fallback, parent: parent, key: key, log: log, isLenient: isLenient)
        }
        let mark = log.issues.count
        let problem: any Error
        do {
            return try decoder(isLenient: false).value(of: type)
        } catch {
            problem = error
            log.forget(from: mark)
        }
        let lenient = decoder(isLenient: true)
        let value = try? lenient.value(of: type)
        if log.issues.count == mark {
            let path = lenient.codingPath.map(\.jsonName)
            log.add(JSONDecodingError(problem, path: path, value: json))
        }
        return try value ?? substitute(type, fallback, problem)
    }

    override func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        guard case .object = json else { throw mismatch("an object") }
        isKeyed = true
        return KeyedDecodingContainer(SettingsReader(decoder: self))
    }

    override func member(_ name: String) -> JSONValue? { json[name] ?? fallback?[name] }

    override func child(_ json: JSONValue, _ key: any CodingKey) -> ValueDecoder {
        let child = SettingsDecoder(
            json, fallback: fallback(for: key), parent: self, key: key, log: log,
            isLenient: isLenient)
        children.append(child)
        return child
    }

    override func value<T: Decodable>(of type: T.Type) throws -> T {
        let settings = type as? any PluginSettings.Type
        if fallback == nil, let settings { fallback = try JSONValue(encoding: settings.init()) }
        let result: T
        if isLenient, let list = type as? any JSONList.Type, let elements = json.arrayValue,
            let parts = try list.fromJSON(elements, decode: { try self.part($0, $1, $2) }) as? T
        {
            result = parts
        } else {
            result = try super.value(of: type)
        }
        noteUnknownKeys()
        if let settings = result as? any PluginSettings { validate(settings) }
        return result
    }

    override func value<T: Decodable>(
        of type: T.Type, in json: JSONValue, key: any CodingKey
    ) throws -> T {
        let fallback = fallback(for: key)
        if isLenient {
            return try Self.checked(
                type, json, fallback: fallback, parent: self, key: key, log: log)
        }
        return try SettingsDecoder(
            json, fallback: fallback, parent: self, key: key, log: log, isLenient: false
        ).value(of: type)
    }

    /// In a lenient pass a part that nothing can stand in for is left out: it has been noted.
    override func part<T: Decodable>(
        _ type: T.Type, _ json: JSONValue, _ key: any CodingKey
    ) throws -> Any? {
        if isLenient { return try? value(of: type, in: json, key: key) }
        return try super.part(type, json, key)
    }

    /// What a keyed container asks for.
    func field<T: Decodable>(_ type: T.Type, _ key: any CodingKey) throws -> T {
        note(key, type)
        if let json = json[key.stringValue] { return try value(of: type, in: json, key: key) }
        // Settings that were not written may still have to be: `validate` knows.
        if type is any PluginSettings.Type { return try value(of: type, in: [:], key: key) }
        if let fallback = fallback(for: key) {
            return try ValueDecoder(fallback, parent: self, key: key).value(of: type)
        }
        let problem = JSONDecodingError(
            path: (codingPath + [key]).map(\.jsonName), expected: expectation(type),
            found: "nothing")
        guard isLenient else { throw problem }
        log.add(problem)
        return try Self.substitute(type, nil, problem)
    }

    /// A member that may be missing: when it cannot be read, that has been noted, and checking
    /// goes on without it.
    func optional<T: Decodable>(_ type: T.Type, _ key: any CodingKey) throws -> T? {
        if isLenient { return try? field(type, key) }
        return try field(type, key)
    }

    func note(_ key: any CodingKey, _ type: (any Decodable.Type)? = nil) {
        let name = key.stringValue
        if let index = fields.firstIndex(where: { $0.name == name }) {
            fields[index].type = fields[index].type ?? type
        } else {
            fields.append((name, type))
        }
    }

    /// An element of a list has no default of its own: the user's list replaces the default one.
    private func fallback(for key: any CodingKey) -> JSONValue? {
        key is JSONIndex ? nil : fallback?[key.stringValue]
    }

    private func noteUnknownKeys() {
        for child in children { child.noteUnknownKeys() }
        children = []
        // A value in a wrapper, such as an optional, comes by here twice.
        guard isKeyed, case .object(let members) = json else { return }
        isKeyed = false
        let known = fields.map(\.name)
        for member in members where !known.contains(member.key) {
            let path = codingPath.map(\.jsonName) + [member.key]
            log.add(path, "unknown key; \(suggestion(for: member.key, among: known))")
        }
    }

    private func validate(_ settings: any PluginSettings) {
        let (json, fallback) = (json, fallback)
        var issues = SettingsIssues { path in
            json.value(at: path) ?? fallback?.value(at: path)
        }
        settings.validate(into: &issues)
        let path = codingPath.map(\.jsonName)
        for issue in issues.list where !log.mentions(path + issue.path) {
            log.add(path + issue.path, issue.message)
        }
    }

    /// Something of the type, so that checking can go on.
    private static func substitute<T: Decodable>(
        _ type: T.Type, _ fallback: JSONValue?, _ problem: any Error
    ) throws -> T {
        if let fallback, let value = try? fallback.decode(type) { return value }
        if let settings = type as? any PluginSettings.Type, let value = settings.init() as? T {
            return value
        }
        if let choices = type as? any CaseIterable.Type, let value = firstCase(choices) as? T {
            return value
        }
        for plain: JSONValue in ["", 0, false, [], [:]] {
            if let value = try? plain.decode(type) { return value }
        }
        throw problem
    }
}

/// What was found wrong so far.
final class SettingsLog {
    private(set) var issues: [(path: [String], message: String)] = []

    func add(_ path: [String], _ message: String) { issues.append((path, message)) }

    func add(_ error: JSONDecodingError) {
        add(error.path, "expected \(error.expected), found \(error.found)")
    }

    /// Drops what an attempt noted that came to nothing.
    func forget(from count: Int) { issues.removeSubrange(min(count, issues.count)...) }

    /// Whether something is known to be wrong at or below a path.
    func mentions(_ path: [String]) -> Bool { issues.contains { $0.path.starts(with: path) } }
}

extension JSONValue {
    /// The value at the end of a path of keys and indices.
    func value(at path: [String]) -> JSONValue? {
        path.reduce(self as JSONValue?) { value, step in
            if case .array? = value { Int(step).flatMap { value?[$0] } } else { value?[step] }
        }
    }
}

private func firstCase<T: CaseIterable>(_ type: T.Type) -> Any? { T.allCases.first }
