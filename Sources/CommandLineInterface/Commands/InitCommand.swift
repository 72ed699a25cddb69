import Console
import Daemon
import Glibc
import LinuxSystem
import WorkspaceTemplate

/// `millrace init`: a new workspace from the template.
struct InitCommand {
    private static let directory = Argument.optional(
        "DIR", .directory, default: Array(".".utf8), help: "where; made when it is not there")

    var command: Command {
        Command(
            "init", summary: "make a workspace",
            discussion: """
                Writes the template: millrace.json with one pipeline to start from, the folders \
                that take drops, a sample of real data and a systemd unit. Nothing that is there \
                is overwritten.
                """,
            group: "Workspace",
            examples: [
                .init("init flights", "make the workspace 'flights'"),
                .init("init", "make this folder a workspace"),
            ],
            arguments: [InitCommand.directory]
        ) { input in
            let root = FilePath(bytes: input[InitCommand.directory])
            let count = try WorkspaceMaker.make(root)
            let name = root.description
            input.out.line("A workspace with \(count) files is in \(name, .strong).")
            input.out.line("Next:")
            input.out.line("  millrace run --workspace \(name)")
            input.out.line("  cp \(name)/sample/flights-2013-01.csv \(name)/data/flights/")
            input.out.line("  millrace status --workspace \(name)")
            return .success
        }
    }
}

/// Writes the template.
enum WorkspaceMaker {
    /// - Returns: how many files were written.
    /// - Throws: when one of them is there already; then nothing was written.
    static func make(_ root: FilePath) throws -> Int {
        for file in TemplateFile.all where !file.path.hasSuffix(".about") {
            let path = root.appending(file.path)
            if try FileStatus.of(path) != nil {
                throw CommandFailure(
                    .conflict, "\(path.description) is there already; nothing was written",
                    advice: "name another folder: 'millrace init DIR'")
            }
        }
        for file in TemplateFile.all {
            let path = root.appending(file.path)
            try Files.makeDirectories(path.parent)
            let target = try FileDescriptor.open(
                path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode_t(file.mode))
            try target.writeAll(file.bytes)
        }
        for folder in WorkspaceLayout.inputs + WorkspaceLayout.outputs {
            try Files.makeDirectories(root.appending(folder))
        }
        return TemplateFile.all.count
    }
}
