import Glibc

/// What can be shown where the output goes: columns, colours, and which characters.
package struct Terminal: Sendable, Equatable {
    /// A person is looking: lines may be rewritten.
    package var isInteractive: Bool
    package var usesColor: Bool
    /// False: box drawing and blocks are replaced by ASCII.
    package var usesUnicode: Bool
    /// Columns of a line. Where the output is not a terminal: 100, or COLUMNS.
    package var width: Int

    /// Columns beyond which a line is cut. Whoever looks sees one line; whoever searches in a pipe
    /// finds all of it.
    package var lineMax: Int { isInteractive ? width : .max }

    /// What stands where something was cut.
    package var cutMark: String { usesUnicode ? "…" : "~" }

    package init(
        isInteractive: Bool = false, usesColor: Bool = false, usesUnicode: Bool = true,
        width: Int = 100
    ) {
        self.isInteractive = isInteractive
        self.usesColor = usesColor
        self.usesUnicode = usesUnicode
        self.width = width
    }

    /// Looks at a descriptor and at the environment, in the order that people expect:
    /// `--no-color` (the caller's), then `NO_COLOR` (no-color.org), then `CLICOLOR_FORCE`
    /// (bixense.com/clicolors), then whether a terminal that is not "dumb" listens.
    package static func detect(
        _ descriptor: CInt, environment: (String) -> String? = environmentVariable
    ) -> Terminal {
        let isTerminal = isatty(descriptor) == 1
        return decide(
            isTerminal: isTerminal, windowColumns: isTerminal ? columns(of: descriptor) : nil,
            environment: environment)
    }

    static func decide(
        isTerminal: Bool, windowColumns: Int?, environment: (String) -> String?
    ) -> Terminal {
        func isSet(_ name: String) -> Bool { !(environment(name) ?? "").isEmpty }
        let isDumb = environment("TERM") == "dumb"
        let isForced = isSet("CLICOLOR_FORCE") && environment("CLICOLOR_FORCE") != "0"
        let color: Bool
        if isSet("NO_COLOR") {
            color = false
        } else {
            color = isForced || (isTerminal && !isDumb && environment("CLICOLOR") != "0")
        }
        // COLUMNS is what a user sets to say otherwise; a shell's own copy is not exported.
        let asked = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        let width = asked ?? windowColumns ?? (isTerminal ? 80 : 100)
        return Terminal(
            isInteractive: isTerminal && !isDumb, usesColor: color,
            usesUnicode: speaksUTF8(environment), width: min(max(width, 20), 500))
    }

    /// The locale's character set, by the rule of setlocale(3): the first that is set decides.
    private static func speaksUTF8(_ environment: (String) -> String?) -> Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = environment(name), !value.isEmpty else { continue }
            let lowered = value.lowercased()
            return lowered.contains("utf-8") || lowered.contains("utf8")
        }
        return false
    }

    private static func columns(of descriptor: CInt) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}

/// A variable of this process's environment. Bytes that are not UTF-8 are replaced.
package func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
}
