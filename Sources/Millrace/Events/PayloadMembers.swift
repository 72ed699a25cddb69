/// Some members of a payload, for a projection that needs no more of it: taking two members out of a
/// thousand payloads costs a fraction of decoding them.
///
///     guard let members = event.members(of: RunCompleted.self),
///         let run = members.value("run", as: Int.self)
///     else { return }
package struct PayloadMembers: Sendable {
    private enum Source {
        case tape(JSONTapeDecoder)
        case value(JSONValue)
    }

    private let source: Source

    init(_ tape: JSONTape) { source = .tape(JSONTapeDecoder(tape)) }
    fileprivate init(_ value: JSONValue) { source = .value(value) }
    private init(_ tape: JSONTapeDecoder) { source = .tape(tape) }

    /// Whether there is such a member, and it is not null.
    package func has(_ name: String) -> Bool {
        switch source {
        case .tape(let object): object.member(name).map { !$0.isNull } ?? false
        case .value(let object): object[name].map { $0 != .null } ?? false
        }
    }

    /// Nil when there is no such member, or it is of another type.
    package func value<T: Decodable>(_ name: String, as type: T.Type = T.self) -> T? {
        switch source {
        case .tape(let object): (try? object.member(name)?.value(type)) ?? nil
        case .value(let object): (try? object[name]?.decode(type)) ?? nil
        }
    }

    // For the members that a fold reads most: a generic function is a good deal slower.

    /// Nil when there is no such member, or it is no text.
    package func text(_ name: String) -> String? {
        switch source {
        case .tape(let object): object.member(name).flatMap { try? $0.text() }
        case .value(let object): object[name]?.stringValue
        }
    }

    /// Nil when there is no such member, or it is no number.
    package func number(_ name: String) -> Double? {
        switch source {
        case .tape(let object): object.member(name).flatMap { try? $0.double() }
        case .value(let object): object[name]?.doubleValue
        }
    }

    /// Nil when there is no such member, or it is no whole number.
    package func integer(_ name: String) -> Int? {
        switch source {
        case .tape(let object): object.member(name).flatMap { try? $0.integer(Int.self) }
        case .value(let object): try? object[name]?.decode(Int.self)
        }
    }

    /// Nil when there is no such member, or it is no digest.
    package func digest(_ name: String) -> Digest? {
        switch source {
        case .tape(let object): object.member(name).flatMap { try? $0.digest() }
        case .value(let object): object[name]?.stringValue.flatMap { Digest(hex: $0) }
        }
    }

    /// Nil when there is no such member, or it is no list of sequences.
    package func sequences(_ name: String) -> [UInt64]? {
        switch source {
        case .tape(let object): object.member(name).flatMap { try? $0.sequences() }
        case .value(let object): try? object[name]?.decode([UInt64].self)
        }
    }

    /// Shows the members of each object of a list; nothing when there is no such list.
    package func forEach(in name: String, _ body: (PayloadMembers) -> Void) {
        switch source {
        case .tape(let object): object.member(name)?.forEach { body(PayloadMembers($0)) }
        case .value(let object): object[name]?.arrayValue?.forEach { body(PayloadMembers($0)) }
        }
    }

    /// The members of an object that is a member.
    package func members(_ name: String) -> PayloadMembers? {
        switch source {
        case .tape(let object): object.member(name).map { PayloadMembers($0) }
        case .value(let object): object[name].map { PayloadMembers($0) }
        }
    }
}

extension Event {
    /// The payload's members by name, as the type's current layout has them; nil when this is another
    /// type's event, or it cannot be read.
    package func members<P: EventPayload>(of _: P.Type) -> PayloadMembers? {
        guard type == P.type, version <= P.version else { return nil }
        if version == P.version, let tape = JSONTape(payload) { return PayloadMembers(tape) }
        guard var value = try? JSONValue(parsing: payload) else { return nil }
        for older in version..<P.version { value = P.upcast(value, from: older) }
        return PayloadMembers(value)
    }

    /// Whether the payload, as the type's current layout has it, may have a member of this name, at any
    /// depth. What cannot have it need not be walked through: of a member that is rare, no is certain.
    package func mayHave<P: EventPayload>(_ name: String, of _: P.Type) -> Bool {
        guard type == P.type else { return false }
        guard version == P.version else { return true }
        let (name, text) = (name.utf8.span, payload.span)
        var index = nextSpecialByte(text, from: 0)
        while index < text.count {
            if text[index] == UInt8(ascii: "\\") { return true }
            let isQuote = text[index] == UInt8(ascii: "\"")
            index += 1
            if isQuote, isQuoted(name, in: text, at: index) { return true }
            index = nextSpecialByte(text, from: index)
        }
        return false
    }

    private func isQuoted(_ name: Span<UInt8>, in text: Span<UInt8>, at start: Int) -> Bool {
        guard text.count - start > name.count, text[start + name.count] == UInt8(ascii: "\"")
        else { return false }
        for offset in name.indices where text[start + offset] != name[offset] { return false }
        return true
    }

    /// The payload's members as they were written, whatever the type and its layout.
    package var plainMembers: PayloadMembers? {
        if let tape = JSONTape(payload) { return PayloadMembers(tape) }
        return (try? JSONValue(parsing: payload)).map { PayloadMembers($0) }
    }
}
