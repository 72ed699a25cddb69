import Console
import Millrace
import Runtime

/// The status for people, in 80 columns.
struct StatusPage {
    let report: StatusReport
    let moment: Moment
    let now: Timestamp
    /// Whether each plugin gets a line.
    let showsPlugins: Bool

    func lines(for terminal: Terminal) -> [Text] {
        var sections: [[Text]] = [head()]
        if !report.datasets.isEmpty { sections.append(datasets(terminal)) }
        for pipeline in report.pipelines {
            sections.append(PipelinePage(pipeline: pipeline, now: now).lines(for: terminal))
        }
        if !report.schedule.isEmpty { sections.append(schedule(terminal)) }
        if !report.failures.isEmpty { sections.append(failures(terminal)) }
        if showsPlugins { sections.append(plugins(terminal)) }
        return Array(sections.joined(separator: [Text()]))
    }

    // MARK: head

    private func head() -> [Text] {
        var place: Text = "\(report.workspace, .strong)"
        if case .time = moment, report.time != nil {
            place += "  as of \(Format.dateAndTime(now)) UTC, after #\(report.sequence)"
        } else if let time = report.time {
            place += "  as of #\(report.sequence), \(Format.dateAndTime(time)) UTC"
        } else {
            place += "  nothing has happened yet"
        }
        guard let daemon = report.daemon else { return [place] }
        return [place, self.daemon(daemon)] + (daemon.metrics.map { [metrics($0)] } ?? [])
    }

    /// What the daemon wrote last about itself.
    private func metrics(_ metrics: StatusReport.DaemonState.Metrics) -> Text {
        var text: Text = "        \(Format.count(metrics.watchedFolders, "folder")) watched"
        if metrics.scannedFolders > 0 {
            text += ", \("\(Format.count(metrics.scannedFolders)) scanned", .warning)"
        }
        text += "; journal \(Format.bytes(Int64(metrics.journalBytes))) with reserved room"
        if !metrics.journalWritable { text += ", \("cannot be written", .bad)" }
        if let bytes = metrics.vaultBytes { text += ", vault \(Format.bytes(Int64(bytes)))" }
        return text + Text(" (\(ago(metrics.time)))", .faint)
    }

    private func daemon(_ daemon: StatusReport.DaemonState) -> Text {
        if daemon.running {
            let pid = daemon.pid.map { ", process \($0)" } ?? ""
            if let full = daemon.diskFullSince {
                return """
                    daemon  \("paused", .bad)\(pid): the disk is full, noticed \(ago(full)); it goes on \
                    by itself when there is room
                    """
            }
            return "daemon  \("running", .good)\(pid), started \(ago(daemon.since))"
        }
        if daemon.crashed {
            return
                "daemon  \("not running", .bad): a crash, or a kill; it has not said that it ends"
        }
        guard let stopped = daemon.stoppedAt else { return "daemon  never started" }
        return """
            daemon  \("not running", .warning), stopped \(ago(stopped)) \
            (\(daemon.stopReason ?? ""))
            """
    }

    private func ago(_ time: Timestamp?) -> String {
        time.map { Format.relative($0, to: now) } ?? "at an unknown time"
    }

    // MARK: datasets

    private func datasets(_ terminal: Terminal) -> [Text] {
        var table = TextTable([
            .init("DATASET", cut: .end), .init("VERSION", .right), .init("ROWS", .right),
            .init("FILES", .right), .init("ACCEPTED", .right), .init("REJECTED", .right),
            .init("CONTRACT", cut: .end),
        ])
        for dataset in report.datasets {
            let rejected = Text(
                Format.count(dataset.rejected), dataset.rejected > 0 ? .warning : .plain)
            let contract = dataset.contract.map {
                "\($0.digest.short.prefix(8)) \($0.proposed ? "(proposed)" : "(own)")"
            }
            table.add(
                Text(dataset.name, .name), Text(dataset.version.map { "v\($0)" } ?? "-"),
                Text(Format.count(dataset.rows)), Text(Format.count(dataset.files)),
                Text(Format.count(dataset.accepted)), rejected, Text(contract ?? "none yet"))
        }
        var lines = table.lines(for: terminal)
        for dataset in report.datasets {
            guard let last = dataset.lastRejection else { continue }
            lines += labelled(
                "\(dataset.name): last rejected \(ago(last.time))", last.summary, .warning,
                terminal)
            lines.append("    report: \(last.quarantine)/report.html")
        }
        return lines
    }

    // MARK: schedule

    private func schedule(_ terminal: Terminal) -> [Text] {
        var table = TextTable([
            .init("SCHEDULE", cut: .end), .init("WHEN", cut: .end), .init("TRAINS", cut: .end),
            .init("LAST DUE"), .init("NEXT DUE (UTC)"),
        ])
        for entry in report.schedule {
            let isLate = entry.nextDue.map { $0 < now } ?? true
            table.add(
                Text(entry.name, .name), Text(entry.rule), Text(entry.retrain ?? "-"),
                Text(entry.lastDue.map { Format.dateAndTime($0) } ?? "-"),
                Text(
                    entry.nextDue.map { Format.dateAndTime($0) } ?? "never: no such time zone",
                    isLate ? .warning : .plain))
        }
        return table.lines(for: terminal)
    }

    // MARK: failures

    private func failures(_ terminal: Terminal) -> [Text] {
        let failures = report.failures
        var lines: [Text] = [Text("NEEDS ATTENTION", .strong)]
        for dead in failures.deadLetters {
            lines += labelled(
                "dead letter #\(dead.sequence), \(dead.plugin), \(ago(dead.time))", dead.error,
                .bad, terminal)
            lines.append("    to try it again: millrace deadletter retry \(dead.sequence)")
        }
        for retry in failures.retrying {
            lines += labelled(
                "#\(retry.sequence) fails in \(retry.plugin), attempt \(retry.attempt)",
                retry.error, .warning, terminal)
        }
        for input in failures.refusedInputs {
            lines += labelled(
                "\(input.path) was refused, the one before it is in force",
                input.problems.joined(separator: "; "), .warning, terminal)
        }
        for file in failures.refusedFiles.prefix(10) {
            lines += labelled("not taken: \(file.path)", file.reason, .warning, terminal)
        }
        if failures.refusedFiles.count > 10 {
            lines.append("  and \(Format.count(failures.refusedFiles.count - 10, "more file"))")
        }
        for place in failures.wrongStages {
            lines += labelled(
                "\(place.stage) has not \(place.model) v\(place.version), which is live there",
                "\(place.finding); a restart of the daemon puts it right", .bad, terminal)
        }
        for part in failures.degradedWatches {
            let interval = Format.duration(seconds: part.intervalSeconds)
            lines += labelled(
                "\(part.part) is scanned every \(interval)", part.reason, .warning, terminal)
        }
        if failures.cutChains > 0 {
            lines.append(
                """
                  \(Format.count(failures.cutChains, "chain"), .bad) of causes cut: plugins set \
                each other off; see 'millrace events --type chain.cut'
                """)
        }
        return lines
    }

    /// A heading and, below it, a sentence of any length.
    private func labelled(
        _ label: String, _ sentence: String, _ style: Style, _ terminal: Terminal
    ) -> [Text] {
        ["  " + Text(label, style)]
            + wrapped(sentence, width: terminal.width - 4).map { "    " + Text($0) }
    }

    // MARK: plugins

    private func plugins(_ terminal: Terminal) -> [Text] {
        var table = TextTable([
            .init("PLUGIN", cut: .end), .init("AT", .right), .init("PENDING", .right),
            .init("LAG", .right), .init("RUNS", .right), .init("RETRIES", .right),
            .init("HANDLED", .right), .init("FAILED", .right), .init("DEAD", .right),
            .init("P50", .right), .init("P99", .right),
        ])
        for plugin in report.plugins {
            func time(_ milliseconds: Double?) -> Text {
                Text(milliseconds.map { Format.duration(seconds: $0 / 1000) } ?? "-")
            }
            table.add(
                Text(plugin.name, .name),
                Text(plugin.lastHandled > 0 ? "#\(plugin.lastHandled)" : "-"),
                Text(Format.count(plugin.pending), plugin.pending > 0 ? .warning : .plain),
                time(plugin.lagSeconds.map { $0 * 1000 }),
                Text(plugin.inFlight.map { Format.count($0) } ?? "-"),
                Text(
                    Format.count(plugin.retrying), plugin.retrying > 0 ? .warning : .plain),
                Text(Format.count(plugin.handled)),
                Text(Format.count(plugin.failures), plugin.failures > 0 ? .warning : .plain),
                Text(Format.count(plugin.deadLetters), plugin.deadLetters > 0 ? .bad : .plain),
                time(plugin.medianMilliseconds), time(plugin.p99Milliseconds))
        }
        var lines = table.lines(for: terminal)
        for plugin in report.plugins {
            guard let last = plugin.lastError else { continue }
            lines += labelled(
                "\(plugin.name): last error \(ago(last.time)), #\(last.sequence)", last.error,
                last.final ? .bad : .warning, terminal)
        }
        return lines
    }
}
