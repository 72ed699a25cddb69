import CommandLineInterface

MillraceProgram(plugins: []).main()
