import Console
import Daemon
import Journal
import LinuxSystem
import Millrace
import Runtime

/// What the commands have in common that ask the daemon for something.
struct InboxCommand {
    let registry: PluginRegistry
    let clock: @Sendable () -> Timestamp

    static let noWait = Option.flag("no-wait", help: "only put the command into inbox/")
    static let timeout = Option.value(
        "timeout", .duration, default: 10, help: "how long to wait for the answer")
    static let comment = Option.value(
        "comment", short: "m", .text, help: "why, for the record")
    static let options: [any CommandOption] = [noWait, timeout, Shared.json, Shared.workspace]

    /// The shape of the answer with --json.
    struct Answer: Codable, Sendable {
        /// The command's file.
        var path: WorkspacePath
        /// Nil with --no-wait and without a daemon: it is done when one runs.
        var state: InboxAnswer.State?
        /// What followed from it so far.
        var events: [EventRecord]
    }

    /// Posts a letter, waits for its answer, and says what happened.
    func send(_ letter: InboxLetter, _ input: Invocation) async throws -> ExitCode {
        let layout = try Shared.layout(input)
        let reader = JournalReader(directory: layout.journal)
        // Before the letter, so that nothing that follows from it is missed.
        let isRunning = try reader.hasWriter()
        let next = isRunning ? try reader.head().sequence + 1 : 1
        let path = try letter.post(layout, at: clock())
        guard isRunning, !input[InboxCommand.noWait] else {
            return try tell(path, isRunning: isRunning, input)
        }
        let seconds = input[InboxCommand.timeout]
        let answer = try await BlockingThread.run {
            var answer = InboxAnswer(path)
            try answer.wait(reader, from: next, seconds: seconds) { answer in
                switch answer.state {
                case .waiting, .received: false
                case .answered: !answer.isUnderWay
                case .refused: true
                }
            }
            return answer
        }
        return try tell(answer, path, letter, input)
    }

    /// Nobody was waited for.
    private func tell(
        _ path: WorkspacePath, isRunning: Bool, _ input: Invocation
    ) throws -> ExitCode {
        if input[Shared.json] {
            try Reading.write(Answer(path: path, state: nil, events: []), to: input.out)
        } else {
            input.out.line("The command is in \(path, .strong).")
            if !isRunning {
                input.out.line("No daemon runs here: it is done when one is started.")
            }
        }
        return .success
    }

    private func tell(
        _ answer: InboxAnswer, _ path: WorkspacePath, _ letter: InboxLetter, _ input: Invocation
    ) throws -> ExitCode {
        let catalogue = Reading.catalogue(registry)
        if input[Shared.json] {
            try Reading.write(
                Answer(
                    path: path, state: answer.state,
                    events: answer.events.map { EventRecord($0, catalogue) }),
                to: input.out)
        } else {
            for event in answer.effects {
                EventLine.write(event, catalogue, to: input.out)
            }
        }
        switch answer.state {
        case .answered where !answer.effects.isEmpty:
            let isBad = answer.effects.contains {
                [
                    ReactionDeadLettered.type, PromotionRefused.type, TrainingDeferred.type,
                    CommandDeclined.type,
                ].contains($0.type)
            }
            // Being refused is what was asked for.
            return isBad && letter.command != "reject" ? .negative : .success
        case .answered:
            throw CommandFailure(
                .negative,
                "nobody here knows what to do about '\(letter.command)' of \(letter.about)",
                advice: "'millrace status' shows what waits, and what is live")
        case .refused: return .negative
        case .waiting, .received:
            throw CommandFailure(
                .negative,
                "the daemon has not answered yet; the command is in \(path) and stays there",
                advice: "'millrace events --follow' shows when it does")
        }
    }
}
