/// Source code that names the type of every plugin. A module without its type does not compile, and
/// the compiler says which.
func registrySource(plugins: [String]) -> [UInt8] {
    var source = "// Made from the list of plugins in Package.swift.\n"
    for plugin in plugins + ["Millrace"] { source += "import \(plugin)\n" }
    source += "\n/// Every plugin that this program was built with.\n"
    source += "let registeredPlugins: [any Millrace.Plugin.Type] = [\n"
    for plugin in plugins { source += "    \(plugin).\(plugin)Plugin.self,\n" }
    source += "]\n"
    return Array(source.utf8)
}
