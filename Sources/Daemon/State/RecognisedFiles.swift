import Checksums
import LinuxSystem
import Millrace
import Watching

/// Files whose ctime has moved since they were journaled, by a link that was made or removed or a mode
/// that was set to what it was, and that were read and found the same: so that the next start does not
/// read them again.
///
/// Beside the journal, in `recognised`: SHA-256 and then the packed versions. It says what bytes a file
/// with this inode, size, mtime and ctime had. That stays true whatever is journaled later, and one that is
/// lost or damaged costs the reading.
final class RecognisedFiles: Sendable {
    private struct State {
        var files = KnownFiles()
        var isWritten = true
    }

    private static let limit = 1 << 30

    private let path: FilePath
    private let state = Guarded(State())

    init(_ layout: WorkspaceLayout) { path = layout.recognised }

    /// Gives what the journal knows the ctimes at which it was found again.
    func applied(to known: consuming KnownFiles) -> KnownFiles {
        var known = known
        apply(to: &known)
        return known
    }

    private func apply(to known: inout KnownFiles) {
        guard let bytes = try? Files.read(path, limit: RecognisedFiles.limit) else { return }
        var kept = KnownFiles()
        var count = 0
        RecognisedFiles.files(in: bytes)?.forEach { path, version in
            count += 1
            guard var journaled = known[path], journaled.changed < version.changed else { return }
            (journaled.device, journaled.changed) = (version.device, version.changed)
            guard journaled == version, version.digest != nil else { return }
            known[path] = version
            kept[path] = version
        }
        // What counts no more is left out of the next one.
        state.withLock { [kept, count] in
            $0 = State(files: kept, isWritten: count > 0 && kept.count == count)
        }
    }

    func note(_ reports: [WatchReport]) {
        guard reports.contains(where: \.isRecognition) else { return }
        state.withLock { state in
            for report in reports where report.isRecognition { state.files.apply(report) }
            state.isWritten = false
        }
    }

    /// Writes what is not written yet. A failure costs the reading at the next start.
    func write() {
        let packed = state.withLock { state -> [UInt8]? in
            defer { state.isWritten = true }
            return state.isWritten ? nil : state.files.packed(isSorted: false)
        }
        guard let packed else { return }
        let digest = Digest(words: SHA256.hash(packed).words)
        try? Files.replace(path, with: digest.bytes + packed, mode: 0o600, durable: false)
    }

    /// Nil for a file that is not whole.
    private static func files(in bytes: [UInt8]) -> KnownFiles? {
        let size = Digest(words: SHA256.Value.zero.words).bytes.count
        guard bytes.count >= size else { return nil }
        let packed = Array(bytes[size...])
        guard Digest(words: SHA256.hash(packed).words).bytes.elementsEqual(bytes[..<size]) else {
            return nil
        }
        return KnownFiles(packed: packed)
    }
}

extension WatchReport {
    fileprivate var isRecognition: Bool {
        if case .recognised = self { true } else { false }
    }
}
