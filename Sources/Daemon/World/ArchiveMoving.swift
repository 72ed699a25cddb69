package import Journal
package import LinuxSystem
package import Millrace
package import Runtime

extension JournalArchive {
    /// Moves the segments all of whose records come before a sequence, and keeps the state at their end.
    ///
    /// - Parameters:
    ///   - maker: nobody else may make snapshots meanwhile.
    ///   - cause: the command that asks for it.
    package static func move(
        _ writer: JournalWriter, _ layout: WorkspaceLayout, _ maker: SnapshotMaker,
        before sequence: UInt64, to folder: FilePath, atMost count: Int = .max,
        cause: Cause? = nil
    ) throws -> JournalArchived? {
        if let place = layout.folderAround(folder) {
            throw JournalError.archive(
                "\(folder) is in \(place), no place for an archive: name a directory outside of it")
        }
        return try move(
            writer, in: layout.journal, before: sequence, to: folder, atMost: count, cause: cause
        ) { end throws(JournalError) in
            do { try maker.keep(at: end.sequence) } catch {
                throw .archive("the state at record \(end.sequence) cannot be kept: \(error)")
            }
        }
    }
}

extension WorkspaceLayout {
    /// The folder that a directory lies in and that the watcher, the journal or the vault looks into.
    package func folderAround(_ directory: FilePath) -> FilePath? {
        let taken = WorkspaceLayout.inputs.map { root.appending($0) } + [journal, vault]
        return taken.first { (directory.bytes + [0x2F]).starts(with: $0.bytes + [0x2F]) }
    }
}
