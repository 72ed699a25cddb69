import Millrace

/// Which names of the workspace are inputs.
struct InputRules: Sendable {
    enum Admission: Equatable, Sendable {
        /// No input, and none below it.
        case no
        /// A directory on the way to an input.
        case passage
        /// An input, or below one.
        case inside
        /// An input that is one file: a directory in its place is none.
        case insideFile
    }

    private let trees: Set<[UInt8]>
    private let files: Set<[UInt8]>
    private let passages: Set<[UInt8]>
    private let patterns: [NamePattern]
    /// Patterns for names in one directory alone.
    private let pathPatterns: [(directory: [UInt8], name: NamePattern)]
    private let scanned: [[UInt8]]
    let isEverything: Bool

    init(_ configuration: WatchConfiguration) {
        let (inputs, ignored) = (configuration.inputs, configuration.ignored)
        scanned = configuration.scanned.map(\.bytes)
        var trees: Set<[UInt8]> = []
        var files: Set<[UInt8]> = []
        var passages: Set<[UInt8]> = []
        var isEverything = false
        for input in inputs {
            let path: [UInt8]
            switch input {
            case .everything:
                isEverything = true
                continue
            case .tree(let tree):
                path = tree.bytes
                trees.insert(path)
            case .file(let file):
                path = file.bytes
                files.insert(path)
            }
            var end = path.lastIndex(of: UInt8(ascii: "/"))
            while let slash = end {
                passages.insert(Array(path[..<slash]))
                end = path[..<slash].lastIndex(of: UInt8(ascii: "/"))
            }
        }
        self.trees = trees
        self.files = files
        self.passages = passages
        self.isEverything = isEverything
        patterns = ignored.filter { !$0.contains("/") }.map(NamePattern.init)
        pathPatterns = ignored.compactMap { pattern in
            let bytes = Array(pattern.utf8)
            guard let cut = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            return (Array(bytes[..<cut]), NamePattern(bytes: bytes[(cut + 1)...]))
        }
    }

    /// Below an input only what is to be ignored matters. - Parameter directory: its path, which is
    /// asked for only when it matters.
    func isIgnored(_ name: UnsafeRawBufferPointer, in directory: () -> [UInt8]) -> Bool {
        patterns.contains { $0.matches(name) }
            || pathPatterns.contains { $0.name.matches(name) && $0.directory == directory() }
    }

    /// Whether a directory is, or lies below, one that is scanned instead of watched.
    func isScanned(_ path: [UInt8]) -> Bool {
        scanned.contains { top in
            path.starts(with: top) && (path.count == top.count || path[top.count] == 0x2F)
        }
    }

    /// What a name in a directory is. - Parameter isInside: the directory is an input, or below one.
    func inner(
        _ name: UnsafeRawBufferPointer, of directory: [UInt8], isInside: Bool
    ) -> Admission {
        if isInside { return isIgnored(name, in: { directory }) ? .no : .inside }
        return admission(of: directory.isEmpty ? Array(name) : directory + [0x2F] + Array(name))
    }

    /// What a path is that does not lie below an input. Inputs named in the configuration count
    /// even when their names match a pattern.
    func admission(of path: [UInt8]) -> Admission {
        if trees.contains(path) { return .inside }
        if files.contains(path) { return .insideFile }
        return passages.contains(path) ? .passage : .no
    }
}

/// A pattern for a name: `*` stands for any bytes, `?` for one, everything else for itself.
struct NamePattern: Sendable {
    private let bytes: [UInt8]

    init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    private static func isWild(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?")
    }

    /// Time is at most the product of both lengths: the last star alone is ever tried again.
    func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        if let first = bytes.first, let last = bytes.last {
            // Most names are told by their ends.
            if !Self.isWild(first), name.first != first { return false }
            if !Self.isWild(last), name.last != last { return false }
        }
        var position = 0
        var index = 0
        var star: (position: Int, index: Int)?
        while index < name.count {
            if position < bytes.count, bytes[position] == UInt8(ascii: "*") {
                star = (position, index)
                position += 1
            } else if position < bytes.count,
                bytes[position] == UInt8(ascii: "?") || bytes[position] == name[index]
            {
                position += 1
                index += 1
            } else if let last = star {
                star = (last.position, last.index + 1)
                position = last.position + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return bytes[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
