import Glibc

// Measurements, each a subcommand: `MillraceBench SUBJECT OPERATION …`. Every operation prints one
// JSON object a line.
let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "journal": exit(runJournalBenchmark(Array(arguments.dropFirst())))
case "history": exit(runHistory(Array(arguments.dropFirst())))
case "runtime": exit(runRuntimeBenchmark(Array(arguments.dropFirst())))
case "proof": exit(runProofBenchmark(Array(arguments.dropFirst())))
case "live": exit(runLiveBenchmark(Array(arguments.dropFirst())))
default:
    print("usage: MillraceBench history WORKSPACE EVENTS [SEED]")
    print("usage: MillraceBench runtime DIRECTORY EVENTS")
    print("usage: MillraceBench live PROGRAM DROPS")
    print("usage: MillraceBench proof flips FILE SECONDS")
    print("usage: MillraceBench journal find DIRECTORY")
    print("usage: MillraceBench journal OPERATION DIRECTORY EVENTS COUNT SECONDS")
    exit(2)
}
