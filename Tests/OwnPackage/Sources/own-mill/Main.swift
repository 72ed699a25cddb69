import MillraceDaemon

@main struct Main {
    static func main() {
        Mill.main(plugins: Mill.builtInPlugins + [LedgerPlugin.self, PagerPlugin.self])
    }
}
