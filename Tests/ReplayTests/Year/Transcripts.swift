import Foundation
import Testing

/// What people see of the simulated year, kept in `Transcripts/`. UPDATE_SNAPSHOTS=1 in the environment writes the files
/// anew; their difference is then reviewed like any other.
enum Golden {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Transcripts")

    static func expect(
        _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = folder.appending(path: name + ".txt")
        if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
            try Data(text.utf8).write(to: file)
            return
        }
        let wanted = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        #expect(text == wanted, "\(name) is no longer what it was", sourceLocation: sourceLocation)
        for line in text.split(separator: "\n") {
            #expect(line.count <= 80, "longer than 80 columns: \(line)")
        }
    }
}
