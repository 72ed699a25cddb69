import Millrace
import MillraceTesting
import Testing

@testable import Validator

/// Small tables, and events that the test kit has no short form for.
enum Sample {
    /// `count` good rows of three columns, different for each `start`.
    static func table(_ count: Int, from start: Int = 0) -> String {
        var text = "day,origin,delay\n"
        for index in start..<(start + count) {
            let origin = ["EWR", "JFK", "LGA"][index % 3]
            text += "2013-01-\(10 + index % 20),\(origin),\(index % 60 - 10)\n"
        }
        return text
    }

    static let contract = """
        {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "flights", "version": "1.0.0",
         "schema": [{"name": "flights", "properties": [
           {"name": "day", "logicalType": "date", "required": true},
           {"name": "origin", "logicalType": "string", "required": true},
           {"name": "delay", "logicalType": "integer",
            "logicalTypeOptions": {"minimum": -100, "maximum": 2000}}]}]}
        """
}

extension TestMill {
    /// Says that a file which was at one path is at another.
    @discardableResult
    func move(_ bytes: String, from old: String, to new: String) async throws -> Event {
        let path = try #require(WorkspacePath(escaped: new))
        let previous = try #require(WorkspacePath(escaped: old))
        return try await emit(
            FileArrived(
                change: .moved, path: path, previousPath: previous, size: bytes.utf8.count,
                sha256: try world.files.store(Array(bytes.utf8)), uid: 1000,
                identity: FileIdentity(
                    device: 1, inode: 1, modified: 1, changed: 1, gid: 1000, mode: 0o644),
                area: Area(of: path)),
            actor: .user(1000))
    }

    @discardableResult
    func remove(_ name: String, _ bytes: String) async throws -> Event {
        let path = try #require(WorkspacePath(escaped: name))
        return try await emit(
            FileRemoved(
                path: path, sha256: try world.files.store(Array(bytes.utf8)),
                area: Area(of: path)))
    }

    func text(_ path: String) throws -> String {
        String(decoding: try #require(world.written[path]), as: UTF8.self)
    }

    /// The paths of each dataset version, in order.
    func versions(of dataset: String = "flights") throws -> [[String]] {
        try emitted(DatasetVersionCreated.self).filter { $0.dataset == dataset }
            .map { try $0.manifest(from: world.files).sorted.map(\.path.description) }
    }

    static func validator(_ settings: JSONValue? = nil) throws -> TestMill {
        var workspace = WorkspaceSettings()
        if let settings { workspace.plugins["validator"] = settings }
        return try TestMill([ValidatorPlugin.self], settings: workspace)
    }
}
