// The program behind the build-tool plugin `Generate`:
//
//     generator registry OUTPUT PLUGIN...     the list of plugin types
//     generator template OUTPUT FOLDER STAMP  the files of a folder; STAMP is rewritten
import Glibc

func fail(_ message: String) -> Never {
    let line = Array("generator: error: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(1)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 2, let mode = arguments.first else {
    fail("usage: generator registry|template OUTPUT ...")
}
let output = arguments[arguments.startIndex + 1]
let rest = Array(arguments.dropFirst(2))

switch (mode, rest.count) {
case ("registry", 1...):
    writeOutput(registrySource(plugins: rest), to: output)
case ("template", 2):
    let source = templateSource(files: templateFiles(in: rest[0]))
    // Writing would give the file a new time, and have it compiled again.
    if source != existingFile(output) { writeOutput(source, to: output) }
    writeOutput([], to: rest[1])
default:
    fail("unknown mode '\(mode)', or arguments are missing")
}
