// swift-tools-version: 6.3
import PackageDescription

// To add a plugin: a folder in Plugins/ and its name here. Nothing else changes.
let plugins = ["Deployer", "Monitor", "Trainer", "Validator"]

// Every module is built with these: they turn habits into compile errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    // `any` is spelled out, so that the cost of an existential is seen where it is paid.
    .enableUpcomingFeature("ExistentialAny"),
    // A file names what it uses, so that the direction of the layers can be read from its imports.
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
// Modules without pointers of their own: each unsafe construct has to be spelled `unsafe`.
let safe: [SwiftSetting] = strict + [.strictMemorySafety()]

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
    settings: [SwiftSetting] = strict, plugins: [Target.PluginUsage]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, swiftSettings: settings,
        // The standard library's floating point calls libm, which only Foundation would bring along.
        linkerSettings: [.linkedLibrary("m")], plugins: plugins)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let pluginTargets: [Target] = plugins.map {
    module(
        $0, ["Millrace", "Tabular", "Learning"], path: "Plugins/\($0)", settings: safe)
}

// Each plugin's tests, in a folder of its name. One that works with what another made names it here.
let testedWith = ["Deployer": ["Trainer"]]
let pluginTests: [Target] = plugins.map { plugin in
    tests(
        "\(plugin)Tests",
        ([plugin] + testedWith[plugin, default: []]).map { .byName(name: $0) }
            + ["MillraceTesting", "Millrace", "Tabular", "Learning"])
}

let package = Package(
    name: "millrace",
    products: [
        .library(name: "Millrace", targets: ["Millrace"]),
        // For a daemon of one's own, and for the tests of its plugins.
        .library(name: "MillraceDaemon", targets: ["MillraceDaemon"]),
        .library(name: "MillraceTesting", targets: ["MillraceTesting"]),
        // The watcher by itself, as an async sequence.
        .library(name: "Watching", targets: ["Watching"]),
        .executable(name: "millrace", targets: ["millrace"]),
    ],
    targets: pluginTargets + pluginTests + [
        // The language every plugin speaks.
        module("Millrace", ["Checksums"], settings: safe),

        // The machine.
        .target(name: "CLinux"),
        module("LinuxSystem", ["CLinux"]),
        .target(name: "CChecksums"),
        module("Checksums", ["CChecksums"]),

        // The engine.
        module("Journal", ["Millrace", "LinuxSystem", "CLinux", "Checksums"]),
        module("Vault", ["Millrace", "LinuxSystem", "CLinux", "Checksums"]),
        module("Watching", ["Millrace", "LinuxSystem", "CLinux", "Checksums"]),
        module("Runtime", ["Millrace", "Journal", "LinuxSystem", "Checksums"]),
        module("Tabular", ["Millrace", "Checksums"]),
        module("Learning", ["Millrace", "Tabular", "Checksums"]),

        // The program.
        module("Console", ["Millrace"]),
        module(
            "Daemon",
            [
                "Millrace", "Runtime", "Journal", "Vault", "Watching", "LinuxSystem", "CLinux",
                "Checksums",
            ]),
        module("WorkspaceTemplate", plugins: ["Generate"]),
        module(
            "CommandLineInterface",
            [
                "Console", "Daemon", "Runtime", "Journal", "Vault", "Millrace", "LinuxSystem",
                "Checksums", "Tabular", "WorkspaceTemplate",
            ]),
        module(
            "MillraceDaemon",
            ["CommandLineInterface", "Millrace"] + plugins.map { .byName(name: $0) },
            plugins: ["Generate"]),
        .executableTarget(
            name: "millrace", dependencies: ["MillraceDaemon"], swiftSettings: strict),

        // The build: the registry of plugins and the embedded template are written by it.
        .executableTarget(
            name: "generator", path: "Sources/Build/generator", swiftSettings: strict),
        .plugin(
            name: "Generate", capability: .buildTool(), dependencies: ["generator"],
            path: "Sources/Build/Generate"),

        // The proof.
        module(
            "MillraceTesting",
            [
                "Millrace", "Runtime", "Daemon", "Journal", "Vault", "LinuxSystem", "CLinux",
                "Checksums",
            ]),
        // Disks for tests and benchmarks: in memory, failing, losing power, not syncing.
        .target(
            name: "StorageKit", dependencies: ["Journal", "LinuxSystem"], path: "Tests/StorageKit",
            swiftSettings: strict),
        .executableTarget(
            name: "MillraceBench",
            dependencies: [
                "Daemon", "Runtime", "Journal", "Millrace", "LinuxSystem", "Checksums",
                "StorageKit",
            ],
            path: "Tests/Benchmarks", swiftSettings: strict,
            linkerSettings: [.linkedLibrary("m")]),
        .executableTarget(
            name: "MillraceFuzz",
            dependencies: ["Journal", "Millrace", "LinuxSystem", "Checksums"],
            path: "Tests/Fuzzing", exclude: ["JournalCorpus"],
            swiftSettings: strict,
            linkerSettings: [.linkedLibrary("m")]),
        tests("LinuxSystemTests", ["LinuxSystem"]),
        tests("ChecksumsTests", ["Checksums"]),
        tests("MillraceTests", ["Millrace"], exclude: ["ScheduleFixture"]),
        tests(
            "JournalTests", ["Journal", "Millrace", "LinuxSystem", "Checksums", "StorageKit"],
            exclude: ["Fixtures", "verify_journal.py"]),
        tests("VaultTests", ["Vault", "Millrace", "LinuxSystem", "Checksums"]),
        tests("WatchingTests", ["Watching", "Millrace", "LinuxSystem", "Checksums"]),
        .executableTarget(
            name: "WatchProbe",
            dependencies: ["Watching", "Vault", "Millrace", "LinuxSystem", "Checksums"],
            path: "Tests/WatchProbe", swiftSettings: strict,
            linkerSettings: [.linkedLibrary("m")]),
        tests(
            "DaemonTests",
            ["Daemon", "Runtime", "Journal", "MillraceTesting", "Millrace", "LinuxSystem"]),
        tests(
            "RuntimeTests",
            ["Runtime", "Journal", "MillraceTesting", "Millrace", "LinuxSystem", "Checksums"]),
        tests("TabularTests", ["Tabular", "Millrace"]),
        tests("LearningTests", ["Learning", "Tabular", "MillraceTesting", "Millrace"]),
        tests(
            "CommandLineTests",
            [
                "CommandLineInterface", "Console", "Runtime", "Journal", "Millrace", "LinuxSystem",
            ], exclude: ["Transcripts"]),
        tests("ConsoleTests", ["Console", "Millrace", "LinuxSystem"]),
        // Questions about the past, put to a simulated year.
        tests(
            "ReplayTests",
            [
                "millrace", "CommandLineInterface", "Console", "Daemon", "Runtime", "Journal",
                "Vault",
                "Millrace",
                "MillraceTesting", "LinuxSystem", "Checksums", "Validator", "Trainer", "Monitor",
                "Deployer", "StorageKit",
            ], exclude: ["Fixtures", "Transcripts", "verify_proof.py"]),
        // All plugins together, stopped at every step.
        tests(
            "PipelineTests",
            [
                "Runtime", "Journal", "Millrace", "MillraceTesting", "LinuxSystem", "Checksums",
                "StorageKit", "Validator", "Trainer", "Monitor", "Deployer",
            ]),
        tests(
            "WorkspaceTemplateTests", ["WorkspaceTemplate", "generator", "LinuxSystem", "Millrace"]),
        // The program itself, as a person or a service manager runs it: `millrace` is built with it.
        tests(
            "EndToEndTests",
            [
                "millrace", "Millrace", "MillraceTesting", "Validator", "Journal", "LinuxSystem",
                "Daemon", "Runtime", "Checksums", "Vault",
            ]),
        tests("TidyTests", []),
    ],
    cLanguageStandard: .c17
)
