import Console
import Glibc
import LinuxSystem

extension PluginCommand {
    private static let newName = Argument.required(
        "NAME", ValueType.text, help: "the new plugin's name: DriftPager or drift-pager")
    private static let package = Option.value(
        "package", .directory, default: Array(".".utf8),
        help: "the checkout of Millrace, or a folder in it")

    /// `millrace plugin new`: a plugin to start from, in a checkout.
    var new: Command {
        Command(
            "new", summary: "write a new plugin into a checkout of Millrace",
            discussion: """
                Writes the module Plugins/NAME with settings, a reaction, an event and \
                documentation, its tests, and the name in the list of Package.swift. It builds and \
                passes at once. Nothing that is there is overwritten.
                """,
            examples: [.init("plugin new DriftPager", "then: swift test --filter DriftPagerTests")],
            options: [PluginCommand.package], arguments: [PluginCommand.newName]
        ) { input in
            let word = input[PluginCommand.newName]
            guard let names = PluginNames(word) else {
                throw CommandFailure(
                    .usage, "'\(word)' cannot be the name of a plugin",
                    advice:
                        "use letters and digits, and dashes between them: DriftPager, drift-pager")
            }
            let checkout = try PluginCommand.checkout(FilePath(bytes: input[PluginCommand.package]))
            let paths = try NewPlugin(names: names, checkout: checkout).write()
            input.out.line("The plugin \(names.plugin, .strong) is in \(checkout.description):")
            for path in paths { input.out.line("  \(path)") }
            input.out.line("Next:")
            input.out.line("  swift test --filter \(names.module)Tests")
            input.out.line("  swift run millrace plugin show \(names.plugin)")
            return .success
        }
    }

    /// The folder with the manifest, at or above a folder.
    private static func checkout(_ folder: FilePath) throws -> FilePath {
        guard try FileStatus.of(folder) != nil else {
            throw CommandFailure(.missing, "there is no \(folder.description)")
        }
        let start = try AbsolutePath.of(folder)
        var candidate = start
        while true {
            if let text = try NewPlugin.manifest(in: candidate), PluginList(in: text) != nil {
                return candidate
            }
            let parent = candidate.parent
            if parent.bytes.isEmpty || parent == candidate { break }
            candidate = parent
        }
        throw CommandFailure(
            .missing,
            "\(start.description) is not in a checkout of Millrace: no Package.swift with "
                + "'let plugins = [' is there or above",
            advice:
                "go into the checkout, or name it with --package DIR; in a package of your own a "
                + "plugin is a type of yours that 'Mill.main(plugins:)' is given")
    }
}

/// Writes a new plugin into a checkout: all of it or nothing.
struct NewPlugin {
    let names: PluginNames
    let checkout: FilePath

    private static let manifestLimit = 1 << 20

    /// The text of a folder's manifest; nil when it has none.
    static func manifest(in folder: FilePath) throws -> String? {
        let file = folder.appending("Package.swift")
        guard try FileStatus.of(file)?.kind == .regular else { return nil }
        return String(decoding: try Files.read(file, limit: manifestLimit), as: UTF8.self)
    }

    /// - Returns: the paths that were written or changed.
    func write() throws -> [String] {
        guard let text = try NewPlugin.manifest(in: checkout), var list = PluginList(in: text)
        else { throw CommandFailure(.missing, "there is no list of plugins in Package.swift") }
        for folder in ["Plugins", "Sources", "Tests"] {
            let name = folder == "Tests" ? names.module + "Tests" : names.module
            if try FileStatus.of(checkout.appending(folder).appending(name)) != nil {
                throw CommandFailure(
                    .conflict, "\(folder)/\(name) is there already; nothing was written",
                    advice: "choose another name")
            }
        }
        guard !list.names.contains(names.module) else {
            throw CommandFailure(
                .conflict, "Package.swift lists \(names.module) already; nothing was written")
        }
        list.add(names.module)
        var written: [String] = []
        do {
            for file in NewPluginFiles(names: names).all {
                let path = checkout.appending(file.path)
                try Files.makeDirectories(path.parent)
                let target = try FileDescriptor.open(
                    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
                try target.writeAll(Array(file.text.utf8))
                written.append(file.path)
            }
            // Last: until the list names it, the folder is nobody's.
            try Files.replace(
                checkout.appending("Package.swift"), with: Array(list.manifest.utf8))
        } catch {
            for folder in ["Plugins/\(names.module)", "Tests/\(names.module)Tests"] {
                try? Files.removeFolder(checkout.appending(folder))
            }
            throw error
        }
        return written + ["Package.swift"]
    }
}
