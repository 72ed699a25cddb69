/// A file to embed.
struct SourceFile {
    /// Below the template folder, with `/` between the parts.
    let path: String
    let isExecutable: Bool
    let bytes: [UInt8]
}

/// Source code that holds the files as string literals, which the linker puts into the program's
/// read-only data: nothing is copied, decoded or even read from the disk before a file is used.
func templateSource(files: [SourceFile]) -> [UInt8] {
    var source = Array(
        """
        // Made from the folder workspace-template.

        extension TemplateFile {
            /// Every file of the template, sorted by path.
            package static let all: [TemplateFile] = [

        """.utf8)
    for file in files {
        // A literal is UTF-8. Bytes that are not are written as the characters U+0000 to U+00FF.
        let isText = String(validating: file.bytes, as: UTF8.self) != nil
        source += Array("        TemplateFile(\n            path: \"".utf8)
        source += escaped(Array(file.path.utf8), isText: true)
        source += Array("\", isExecutable: \(file.isExecutable), ".utf8)
        source += Array("encoding: .\(isText ? "utf8" : "bytes"),\n            \"".utf8)
        source += escaped(file.bytes, isText: isText)
        source += Array("\"),\n".utf8)
    }
    source += Array("    ]\n}\n".utf8)
    return source
}

/// The inside of a string literal on one line.
private func escaped(_ bytes: [UInt8], isText: Bool) -> [UInt8] {
    var literal: [UInt8] = []
    literal.reserveCapacity(bytes.count + bytes.count / 16)
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "\n"): literal += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): literal += [UInt8(ascii: "\\"), byte]
        case 0x20..<0x7F: literal.append(byte)
        case 0x80...0xFF where isText: literal.append(byte)
        default: literal += Array("\\u{\(String(byte, radix: 16))}".utf8)
        }
    }
    return literal
}
