import CommandLineInterface

// The list is written by the build, from the one in Package.swift.
MillraceProgram(plugins: registeredPlugins).main()
