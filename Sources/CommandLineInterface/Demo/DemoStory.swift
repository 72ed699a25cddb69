import Console
import Daemon
import Glibc
import LinuxSystem
import Millrace
import Runtime

/// What happens in the demo: five things are done to the world, and the journal tells what came of
/// each.
struct DemoStory: Sendable {
    let stage: DemoStage
    let registry: PluginRegistry
    let every: Int
    let input: Invocation

    /// How long one step may take.
    private static let limitSeconds: Int64 = 300

    func tell() throws {
        let out = input.out
        out.line("\("Millrace", .strong): the workspace is \(stage.layout.root.description, .name)")
        if every > 1 {
            // Fewer rows ask for training when fewer are dropped.
            try stage.changeSettings("newRows: 5000", to: "newRows: \(max(1, 5000 / every))")
        }
        let plugins = try CheckedSettings.read(stage.layout, registry).plugins
        try Files.makeDirectories(stage.layout.journal, mode: 0o700)
        let timeline = try DemoTimeline(stage.layout, plugins, out)
        title("The daemon starts", "millrace run")
        _ = try stage.start()
        try wait(timeline) { timeline, event in
            event.type == FileArrived.type && timeline.isIdle
        }
        try drop(
            "flights-2013-01.csv", timeline,
            "January arrives: a contract, a first model, and the way to production")
        try drop(
            "flights-2013-02.csv", timeline,
            "February arrives: a challenger meets the champion on the same rows")
        try drop(
            "flights-2013-03-damaged.csv", timeline,
            "A damaged file arrives: production is untouched")
        try drop(
            "flights-2013-09.csv", timeline,
            "September is another season: drift is measured, and calls for training")
        try killInTheMiddle(timeline)
        guard try stage.stop() else {
            throw CommandFailure(.work, "the daemon did not end in good order")
        }
    }

    private func title(_ text: String, _ command: String) {
        input.out.line()
        input.out.line("\(text, .strong)")
        input.out.line("  \("$ " + command, .faint)")
    }

    private func wait(
        _ timeline: DemoTimeline, until condition: @escaping (DemoTimeline, Event) -> Bool
    ) throws {
        try timeline.show(
            seconds: DemoStory.limitSeconds, alive: { stage.isRunning }, until: condition)
    }

    /// Drops a file and shows what comes until nobody has anything left to do.
    private func drop(_ name: String, _ timeline: DemoTimeline, _ text: String) throws {
        title(text, "cp sample/\(name) data/flights/")
        try stage.drop(name, every: every)
        var hasArrived = false
        try wait(timeline) { timeline, event in
            if let arrived = event.payload(as: FileArrived.self), arrived.path.name == name {
                hasArrived = true
            }
            return hasArrived && timeline.isIdle
        }
    }

    private func killInTheMiddle(_ timeline: DemoTimeline) throws {
        title(
            "A person wants boosted trees, and the daemon is killed while they train",
            "sed -i s/logistic-regression/boosted-trees/ millrace.json; millrace retrain delays")
        try stage.changeSettings("\"logistic-regression\"", to: "\"boosted-trees\"")
        try wait(timeline) { _, event in event.type == SettingsAccepted.type }
        let before = timeline.seen[RunStarted.type]?.count ?? 0
        try stage.command("retrain", about: "pipeline/delays", comment: "try boosted trees")
        try wait(timeline) { timeline, _ in
            (timeline.seen[RunStarted.type]?.count ?? 0) > before
        }
        let run = timeline.seen[RunStarted.type]?.last
        let worker = try waitForWorker(run)
        stage.kill()
        input.out.line(
            "  \("$ kill -9 of the daemon", .bad); the training, process \(worker), goes on")
        title("The daemon starts again and takes the training over", "millrace run")
        _ = try stage.start()
        try wait(timeline) { timeline, event in
            event.causation != nil && timeline.isIdle
                && (timeline.seen[RunCompleted.type]?.count ?? 0) > before
        }
        let completed = timeline.seen[RunCompleted.type]?.filter { $0.causation == run?.id } ?? []
        guard completed.count == 1 else {
            throw CommandFailure(
                .work, "the interrupted run was completed \(String(completed.count)) times")
        }
        input.out.line("  \("The training was finished once.", .good)")
    }

    /// The process of a run's job, once it works.
    private func waitForWorker(_ run: Event?) throws -> String {
        let deadline = ProgramRunner.monotonicMilliseconds() + 10_000
        while ProgramRunner.monotonicMilliseconds() < deadline {
            let folders = (try? Files.names(in: stage.layout.jobs)) ?? []
            for name in folders where name.string.hasPrefix(run.map { "\($0.id)" } ?? "?") {
                let folder = JobFolder(stage.layout.jobs.appending(name))
                if let pid = folder.worker { return String(pid) }
                // Quick trainings end before anybody looks.
                if (try? folder.readResult()) != nil { return "already done" }
            }
            usleep(1000)
        }
        return "unknown"
    }
}
