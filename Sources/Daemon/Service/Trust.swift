import Glibc
package import LinuxSystem
import Millrace

/// Who may write what can make the daemon run something.
package enum Trust {
    /// Why an input of an area is not taken in; nil when it may be.
    static func refusal(_ area: Area, uid: UInt32, mode: UInt32) -> String? {
        if area.kind == .stray {
            return "it belongs to nothing: data lies in data/DATASET/, code in code/PIPELINE/, "
                + "metrics in metrics/MODEL/; move it there"
        }
        guard area.kind == .code || area.kind == .settings else { return nil }
        let rule =
            "it can make the daemon run programs, so nobody but its user and root may write it"
        if uid != geteuid(), uid != 0 {
            return "\(rule): it belongs to user \(uid); 'chown \(geteuid())' it"
        }
        return mode & 0o022 != 0 ? "\(rule): 'chmod go-w' it" : nil
    }

    /// The program of an external plugin, found fit to be run: a file that only this user and root can
    /// write, in folders in which only they can put another in its place.
    static func plugin(
        _ name: String, _ layout: WorkspaceLayout
    ) throws -> (FilePath, FileStatus) {
        let folder = layout.root.appending("code/plugins")
        let file = folder.appending(name)
        guard let status = try FileStatus.of(file) else {
            throw ReactionError(
                "there is no \(file): put the program there, or change the settings")
        }
        guard status.kind == .regular else {
            throw ReactionError("\(file) is not a file: put the program itself there, not a link")
        }
        for path in [file, folder, folder.parent, layout.root] {
            try checkPlace(path)
        }
        guard status.mode & 0o100 != 0 else {
            throw ReactionError("\(file) is not executable; mend it with 'chmod u+x \(file)'")
        }
        return (file, status)
    }

    private static func checkPlace(_ path: FilePath) throws {
        guard let status = try FileStatus.of(path), status.kind != .symbolicLink else {
            throw ReactionError(
                "\(path) is a link; the programs of plugins are not reached by links")
        }
        let reason = "\(path) can be written by others, and a plugin is run from it"
        if status.user != geteuid(), status.user != 0 {
            throw ReactionError("\(reason); mend it with 'chown \(geteuid()) \(path)'")
        }
        if status.mode & 0o022 != 0 {
            throw ReactionError("\(reason); mend it with 'chmod go-w \(path)'")
        }
    }

    /// - Throws: when others than this user and root can write the file, with the command that
    ///   mends it.
    package static func check(_ file: FilePath) throws(SystemError) {
        guard let status = try FileStatus.of(file) else { return }
        guard status.kind == .regular else {
            throw SystemError(.invalid, "\(file) is not a file; use", "a regular file")
        }
        let owner = status.user == geteuid() || status.user == 0
        if !owner {
            throw SystemError(
                .permission,
                "\(file) belongs to user \(status.user) and can make the daemon run programs; "
                    + "mend it with 'chown \(geteuid()) \(file)'")
        }
        if status.mode & 0o022 != 0 {
            throw SystemError(
                .permission,
                "\(file) can be written by others and can make the daemon run programs; "
                    + "mend it with 'chmod go-w \(file)'")
        }
    }
}
