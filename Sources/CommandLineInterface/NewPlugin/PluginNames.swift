/// The names that a new plugin has: of its module and of its section in the settings.
struct PluginNames: Equatable {
    /// For example `DriftPager`: the module, and with `Plugin` behind it the type.
    let module: String
    /// For example `drift-pager`: in settings, events and commands.
    let plugin: String

    private static let lengthLimit = 48

    /// Takes `DriftPager` or `drift-pager`; nil for what gives no Swift name.
    init?(_ word: String) {
        let bytes = Array(word.utf8)
        guard let first = bytes.first, bytes.count <= PluginNames.lengthLimit,
            PluginNames.isLetter(first),
            bytes.allSatisfy({ PluginNames.isLetter($0) || PluginNames.isDigit($0) || $0 == 0x2D }),
            bytes.last != 0x2D, !word.contains("--")
        else { return nil }
        var module = ""
        var plugin = ""
        var beginsPart = true
        for character in word {
            if character == "-" {
                beginsPart = true
                continue
            }
            let isHump = character.isUppercase && !plugin.isEmpty
            if (beginsPart || isHump) && !plugin.isEmpty && plugin.last != "-" { plugin += "-" }
            module += beginsPart ? character.uppercased() : String(character)
            plugin += character.lowercased()
            beginsPart = false
        }
        (self.module, self.plugin) = (module, plugin)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
