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
    /// is not as `bytes` writes it: its coding reads those, and says what is wrong.
    init?(json: JSONValue) {
        guard let members = json.members, members.count == 7, members[0].key == "change",
            let change = members[0].value.stringValue.flatMap({ Change(rawValue: $0) }),
            members[1].key == "path",
            let path = members[1].value.stringValue.flatMap({ WorkspacePath(escaped: $0) }),
            members[2].key == "size", let size = members[2].value.integerValue,
            members[3].key == "sha256",
            let digest = members[3].value.stringValue.flatMap({ Digest(hex: $0) }),
            members[4].key == "uid", let uid = members[4].value.integerValue,
            members[5].key == "identity", let identity = FileIdentity(json: members[5].value),
            members[6].key == "area", let area = Area(json: members[6].value),
            let size = Int(exactly: size), let uid = UInt32(exactly: uid)
        else { return nil }
        self.init(
            change: change, path: path, previousPath: nil, size: size, sha256: digest, uid: uid,
            identity: identity, area: area)
    }
}

extension FileIdentity {
    fileprivate init?(json: JSONValue) {
        let keys = ["device", "inode", "modified", "changed", "gid", "mode"]
        guard let members = json.members, members.count == keys.count,
            zip(members, keys).allSatisfy({ $0.key == $1 })
        else { return nil }
        let values = members.compactMap { $0.value.integerValue }
        guard values.count == keys.count, let device = UInt64(exactly: values[0]),
            let inode = UInt64(exactly: values[1]), let gid = UInt32(exactly: values[4]),
            let mode = UInt32(exactly: values[5])
        else { return nil }
        self.init(
            device: device, inode: inode, modified: values[2], changed: values[3], gid: gid,
            mode: mode)
    }
}

extension Area {
    fileprivate init?(json: JSONValue) {
        guard let members = json.members, members.count == 2, members[0].key == "kind",
            let kind = members[0].value.stringValue.flatMap({ Kind(rawValue: $0) }),
            members[1].key == "name", let name = members[1].value.stringValue
        else { return nil }
        self.init(kind, name)
    }
}
