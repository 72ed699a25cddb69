import CommandLineInterface

await MillraceProgram(plugins: []).main()
