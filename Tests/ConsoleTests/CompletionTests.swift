import Glibc
import LinuxSystem
import Testing

@testable import Console

/// The scripts are given to the shells themselves, where they are installed.
@Suite struct CompletionTests {
    @Test(arguments: Shell.allCases)
    func `the shell accepts the script`(shell: Shell) async throws {
        guard let program = path(of: shell) else { return }
        let script = await Sample.run("completion", RawArgument(shell.rawValue)).out
        #expect(script.utf8.count > 500)
        let check = try TemporaryFile(script)
        let result = try run(program, ["-n", check.path])
        #expect(result.ending == .exited(0))
        #expect(result.output == "")
    }

    @Test(arguments: [
        ("mill ev", "events"), ("mill pl", "plugin"), ("mill plugin ", "list new"),
        ("mill plugin list --j", "--json"), ("mill events --fo", "--follow"),
        ("mill --no-color ev", "events"), ("mill why --stage ", "staging production"),
        ("mill why --stage = prod", "production"), ("mill why --stage =", "staging production"),
        ("mill why --workspace events --sta", "--stage"), ("mill completion f", "fish"),
        ("mill help wh", "why"), ("mill events --limit ", ""), ("mill fa", ""),
    ])
    func `bash completes`(line: String, expected: String) async throws {
        guard let bash = path(of: .bash) else { return }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        let script = await Sample.run("completion", "bash").out
        let quoted = words.map { shellQuoted(String($0)) }.joined(separator: " ")
        let check = try TemporaryFile(
            script + "COMP_WORDS=(\(quoted))\nCOMP_CWORD=\(words.count - 1)\n"
                + "compopt() { :; }\n_mill\necho \"${COMPREPLY[*]}\"\n")
        let result = try run(bash, [check.path])
        #expect(result.output == expected + "\n")
    }

    @Test func `bash completes folders with spaces as one word`() async throws {
        guard let bash = path(of: .bash) else { return }
        let folder = try TemporaryFile("")
        try #require(mkdir(folder.path + ".a b", 0o700) == 0)
        defer { rmdir(folder.path + ".a b") }
        let script = await Sample.run("completion", "bash").out
        let check = try TemporaryFile(
            script + "COMP_WORDS=(mill events -w '\(folder.path).a')\nCOMP_CWORD=3\n"
                + "compopt() { :; }\n_mill\necho \"${#COMPREPLY[@]} ${COMPREPLY[0]}\"\n")
        #expect(try run(bash, [check.path]).output == "1 \(folder.path).a b\n")
    }

    @Test(arguments: [
        ("mill ev", "events"), ("mill plugin ", "list\nnew"),
        ("mill why --stage ", "production\nstaging"),
        ("mill events --fol", "--follow"), ("mill -", "--help\n--no-color\n-h"),
    ])
    func `fish completes`(line: String, expected: String) async throws {
        guard let fish = path(of: .fish) else { return }
        let script = await Sample.run("completion", "fish").out
        let check = try TemporaryFile(
            script + "complete -C '\(line)' | string replace -r '\\t.*' '' | sort\n")
        #expect(try run(fish, ["--no-config", check.path]).output == expected + "\n")
    }

    private func path(of shell: Shell) -> String? {
        ["/usr/bin/", "/bin/"].map { $0 + shell.rawValue }.first { access($0, X_OK) == 0 }
    }

    private func run(
        _ program: String, _ arguments: [String]
    ) throws -> (ending: ChildProcess.Ending, output: String) {
        let output = try TemporaryFile("")
        let file = try FileDescriptor.open(FilePath(output.path), O_RDWR)
        let input = try FileDescriptor.open(FilePath("/dev/null"), O_RDONLY)
        let child = try ChildProcess.spawn(
            FilePath(program), arguments: arguments.map { Array($0.utf8) },
            environment: ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent"].map {
                Array($0.utf8)
            },
            input: input.raw, output: file.raw, error: file.raw, newSession: false)
        let ending = try child.wait()
        let again = try FileDescriptor.open(FilePath(output.path), O_RDONLY)
        return (ending, String(decoding: try again.readAll(limit: 1 << 20), as: UTF8.self))
    }
}

/// A file below the system's temporary folder that goes with its owner.
final class TemporaryFile {
    let path: String

    init(_ content: String) throws {
        var name = Array((environmentVariable("TMPDIR") ?? "/tmp").utf8CString.dropLast())
        name += "/console-test-XXXXXX".utf8CString
        let raw = mkstemp(&name)
        try #require(raw >= 0)
        let file = FileDescriptor(owning: raw)
        try file.writeAll(Array(content.utf8))
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { unlink(path) }
}
