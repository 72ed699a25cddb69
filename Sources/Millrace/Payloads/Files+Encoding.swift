extension FileArrived {
    /// The bytes that its coding gives, some ten times as fast: a hundred thousand files may come at
    /// once, and each waits for the encoding of its event.
    package var bytes: [UInt8] {
        var members = [JSONValue.Member("change", .string(change.rawValue))]
        members.reserveCapacity(9)
        members.append(JSONValue.Member("path", .string(path.description)))
        if let previousPath {
            members.append(JSONValue.Member("previousPath", .string(previousPath.description)))
        }
        members.append(JSONValue.Member("size", .integer(Int64(size))))
        members.append(JSONValue.Member("sha256", .string(sha256.hex)))
        members.append(JSONValue.Member("uid", .integer(Int64(uid))))
        members.append(JSONValue.Member("identity", identity.json))
        let place: [JSONValue.Member] = [
            .init("kind", .string(area.kind.rawValue)), .init("name", .string(area.name)),
        ]
        members.append(JSONValue.Member("area", .object(place)))
        if let set {
            members.append(
                JSONValue.Member(
                    "set",
                    .object([
                        .init("directory", .string(set.directory.description)),
                        .init("number", .integer(Int64(set.number))),
                        .init("count", .integer(Int64(set.count))),
                    ])))
        }
        return JSONValue.object(members).bytes
    }
}

extension FileIdentity {
    fileprivate var json: JSONValue {
        .object([
            .init("device", FileIdentity.number(device)),
            .init("inode", FileIdentity.number(inode)),
            .init("modified", .integer(modified)), .init("changed", .integer(changed)),
            .init("gid", .integer(Int64(gid))), .init("mode", .integer(Int64(mode))),
        ])
    }

    private static func number(_ value: UInt64) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .number(Double(value))
    }
}

extension FileArrived {
    /// The payload of a file that came by itself and was not moved; nil for every other, and for what
    /// is not as `bytes` writes it: its coding reads those.
    init?(tape: JSONTapeDecoder) {
        guard tape.member("previousPath") == nil, tape.member("set") == nil,
            let change = try? tape.member("change")?.text(), let change = Change(rawValue: change),
            let path = try? tape.member("path")?.value(WorkspacePath.self),
            let size = try? tape.member("size")?.integer(Int.self),
            let digest = try? tape.member("sha256")?.value(Digest.self),
            let uid = try? tape.member("uid")?.integer(UInt32.self),
            let identity = tape.member("identity").flatMap({ FileIdentity(tape: $0) }),
            let area = tape.member("area").flatMap({ Area(tape: $0) })
        else { return nil }
        self.init(
            change: change, path: path, previousPath: nil, size: size, sha256: digest, uid: uid,
            identity: identity, area: area)
    }
}

extension FileIdentity {
    fileprivate init?(tape: JSONTapeDecoder) {
        guard let device = try? tape.member("device")?.integer(UInt64.self),
            let inode = try? tape.member("inode")?.integer(UInt64.self),
            let modified = try? tape.member("modified")?.integer(Int64.self),
            let changed = try? tape.member("changed")?.integer(Int64.self),
            let gid = try? tape.member("gid")?.integer(UInt32.self),
            let mode = try? tape.member("mode")?.integer(UInt32.self)
        else { return nil }
        self.init(
            device: device, inode: inode, modified: modified, changed: changed, gid: gid,
            mode: mode)
    }
}

extension Area {
    fileprivate init?(tape: JSONTapeDecoder) {
        guard let kind = try? tape.member("kind")?.text(), let kind = Kind(rawValue: kind),
            let name = try? tape.member("name")?.text()
        else { return nil }
        self.init(kind, name)
    }
}
