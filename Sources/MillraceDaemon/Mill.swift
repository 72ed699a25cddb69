import CommandLineInterface
public import Millrace

/// A daemon and command line of one's own, made of any plugins.
///
/// ```swift
/// import MillraceDaemon
///
/// @main struct Main {
///     static func main() { Mill.main(plugins: Mill.builtInPlugins + [SeasonPlugin.self]) }
/// }
/// ```
///
/// The program has all commands of `millrace`. The jobs of its plugins run in processes of the same
/// program, so there is nothing else to install.
public enum Mill {
    /// The plugins that come with Millrace, in the order of their names.
    public static var builtInPlugins: [any Plugin.Type] { registeredPlugins }

    /// Runs the process's command line over these plugins, and ends the process with its exit code.
    ///
    /// Call it first thing on the main thread: a daemon has to see its signals before any other
    /// thread does.
    public static func main(plugins: [any Plugin.Type] = builtInPlugins) -> Never {
        MillraceProgram(plugins: plugins).main()
    }
}
