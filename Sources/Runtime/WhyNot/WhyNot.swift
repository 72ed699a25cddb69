package import Millrace

/// Why something that was expected did not happen, from the records alone: each reason names the
/// record that says so.
package struct WhyNot {
    package enum Question: Sendable, Hashable {
        /// A version that is not in its last stage.
        case version(model: String, Int)
        /// A model that has no newer version, or whose newest one is not live.
        case model(String)
        /// A file that came to nothing.
        case file(WorkspacePath)
    }

    package struct Reason: Sendable, Codable, Hashable {
        package enum Kind: String, Sendable, Codable {
            case gateFailed, refused, rejected, waitsForApproval, checkFailed, replaced
            case putOff, runFailed, runs, nothingNew, dropRefused, fileRefused, settingsRefused
            case contractRefused, commandRefused, setAside, fails, notYetHandled, removed
            case neverSeen, notTrainedYet
        }

        package var kind: Kind
        package var words: String
        /// The record that says so; nil where it is that no record says anything.
        package var sequence: UInt64?
        package var time: Timestamp?
        package var actor: String?
        /// What to type.
        package var advice: String?

        init(_ kind: Kind, _ words: String, _ event: Event? = nil, advice: String? = nil) {
            self.kind = kind
            self.words = words
            sequence = event?.sequence
            time = event?.time
            actor = event?.actor.description
            self.advice = advice
        }
    }

    private let evidence: WhyNotEvidence
    private let question: Question

    package init(_ evidence: WhyNotEvidence) {
        self.evidence = evidence
        question = evidence.question
    }

    /// The reasons, the weightiest first; empty when there is nothing to explain: it did happen.
    package var reasons: [Reason] {
        switch question {
        case .version(let model, let version):
            about(model, version) + (wasLive(version) ? [] : stuck)
        case .model(let model): about(model) + refusedInputs + stuck
        case .file(let path): about(path) + stuck
        }
    }

    private func last<P: EventPayload>(
        _ type: P.Type, _ matches: (P) -> Bool = { _ in true }
    ) -> (event: Event, payload: P)? {
        for event in evidence.events.reversed() where event.type == P.type {
            if let payload = event.payload(as: P.self), matches(payload) {
                return (event, payload)
            }
        }
        return nil
    }

    // MARK: a version

    private func wasLive(_ version: Int) -> Bool {
        last(DeploymentCompleted.self) {
            $0.version == version && $0.stage == evidence.production
        } != nil
    }

    private func about(_ model: String, _ version: Int) -> [Reason] {
        let stage = evidence.production
        let live = last(DeploymentCompleted.self) { $0.model == model && $0.stage == stage }
        if live?.payload.version == version { return [] }
        var reasons: [Reason] = []
        let wasLive = last(DeploymentCompleted.self) {
            $0.version == version && $0.stage == stage
        }
        if let wasLive, let live = next(after: wasLive.event, in: stage) {
            let plan = evidence.events.first { $0.id == live.event.causation }?
                .payload(as: DeploymentPlanned.self)
            let words = plan.map { ": \($0.reasonInBrief)" } ?? ""
            let verb = live.payload.isRollback ? "was put back" : "took its place"
            reasons.append(
                Reason(
                    .replaced,
                    "it was live since #\(wasLive.event.sequence); v\(live.payload.version) "
                        + "\(verb)\(words)", live.event))
        }
        if let check = last(StageChecked.self, { $0.version == version && !$0.passed }) {
            reasons.append(
                Reason(
                    .checkFailed,
                    "it failed its check in \(check.payload.stage): "
                        + (check.payload.checks.last ?? ""), check.event))
        }
        if wasLive == nil { reasons += atTheDoor(model, version) }
        return reasons
    }

    /// The next deployment of a stage.
    private func next(
        after event: Event, in stage: String
    ) -> (event: Event, payload: DeploymentCompleted)? {
        for other in evidence.events where other.sequence > event.sequence {
            if let deployed = other.payload(as: DeploymentCompleted.self), deployed.stage == stage {
                return (other, deployed)
            }
        }
        return nil
    }

    /// What keeps a version out of a stage that it never was in.
    private func atTheDoor(_ model: String, _ version: Int) -> [Reason] {
        let refusal = last(PromotionRefused.self) { $0.version == version }
        let request = last(ApprovalRequested.self) { $0.version == version }
        let decision = last(ApprovalDecided.self) { $0.version == version }
        if let decision, !decision.payload.approved {
            let comment = decision.payload.comment
            return [
                Reason(
                    .rejected,
                    "user \(decision.payload.uid) rejected it for \(decision.payload.stage)"
                        + (comment.isEmpty ? "" : ": \(comment)"), decision.event)
            ]
        }
        if let refusal, refusal.event.sequence > request?.event.sequence ?? 0 {
            let gates = last(GatesEvaluated.self) {
                $0.version == version && $0.stage == refusal.payload.stage && !$0.passed
            }
            let words = refusal.payload.reasons.joined(separator: "; ")
            return [
                Reason(
                    gates == nil ? .refused : .gateFailed,
                    "not in \(refusal.payload.stage): \(words)", gates?.event ?? refusal.event)
            ]
        }
        if let request, request.event.sequence > decision?.event.sequence ?? 0 {
            return [
                Reason(
                    .waitsForApproval,
                    "it waits for a person, for \(request.payload.stage)", request.event,
                    advice: "millrace approve \(model)")
            ]
        }
        return []
    }

    // MARK: a model

    private func about(_ model: String) -> [Reason] {
        var reasons: [Reason] = []
        let made = last(ModelVersionCreated.self) { $0.model == model }
        let live = last(DeploymentCompleted.self) {
            $0.model == model && $0.stage == evidence.production
        }
        let newest = made?.payload.version
        if let newest, live?.payload.version != newest {
            reasons += about(model, newest).map { reason in
                var reason = reason
                reason.words = "v\(newest): \(reason.words)"
                return reason
            }
        }
        let since = made?.event.sequence ?? 0
        let request = last(TrainingRequested.self)
        if let failed = last(RunFailed.self), failed.event.sequence > since {
            reasons.append(
                Reason(
                    .runFailed, "run \(failed.payload.run) failed: \(failed.payload.error)",
                    failed.event))
        }
        if let started = last(RunStarted.self), started.event.sequence > since,
            last(RunFailed.self)?.payload.run != started.payload.run
        {
            reasons.append(
                Reason(.runs, "run \(started.payload.run) has not ended yet", started.event))
        } else if let deferred = last(TrainingDeferred.self),
            deferred.event.sequence > request?.event.sequence ?? 0
        {
            reasons.append(
                Reason(
                    .putOff, "training was put off: \(deferred.payload.reason)", deferred.event,
                    advice: "millrace retrain \(model)"))
        }
        let accepted = last(DataAccepted.self)
        if let rejected = last(DataRejected.self),
            rejected.event.sequence > accepted?.event.sequence ?? 0
        {
            reasons.append(dropRefused(rejected.payload, rejected.event))
        }
        if reasons.isEmpty, let accepted, let request,
            accepted.event.sequence < request.event.sequence
        {
            reasons.append(
                Reason(
                    .nothingNew,
                    "no drop was accepted since training was last asked for "
                        + "(#\(request.event.sequence)): the last was \(accepted.payload.file.path)",
                    accepted.event))
        }
        return reasons
    }

    private func dropRefused(_ rejected: DataRejected, _ event: Event) -> Reason {
        Reason(
            .dropRefused, "\(rejected.path) was refused: \(rejected.summary)", event,
            advice: "\(rejected.quarantine)/report.html")
    }

    /// Files that were to come into force and did not.
    private var refusedInputs: [Reason] {
        var reasons: [Reason] = []
        if let refused = last(SettingsRefused.self),
            refused.event.sequence > last(SettingsAccepted.self)?.event.sequence ?? 0
        {
            reasons.append(
                Reason(
                    .settingsRefused,
                    "the settings were changed and have errors, so the old ones hold: "
                        + refused.payload.problems.joined(separator: "; "), refused.event))
        }
        if let refused = last(ContractRefused.self),
            refused.event.sequence > last(ContractAccepted.self)?.event.sequence ?? 0
        {
            reasons.append(
                Reason(
                    .contractRefused,
                    "\(refused.payload.path) has errors, so the contract before it holds: "
                        + refused.payload.problems.joined(separator: "; "), refused.event))
        }
        return reasons
    }

    // MARK: a file

    private func about(_ path: WorkspacePath) -> [Reason] {
        guard let event = evidence.events.last else {
            return [
                Reason(
                    .neverSeen,
                    "no record names \(path): the daemon has not seen it, or passes such names over",
                    advice: "millrace status")
            ]
        }
        if let refused = event.payload(as: FileRefused.self) {
            return [Reason(.fileRefused, refused.reason, event)]
        } else if event.type == FileRemoved.type {
            return [Reason(.removed, "it was removed", event)]
        } else if let rejected = event.payload(as: DataRejected.self) {
            return [dropRefused(rejected, event)]
        } else if let refused = event.payload(as: ContractRefused.self) {
            return [
                Reason(.contractRefused, refused.problems.joined(separator: "; "), event)
            ]
        } else if let refused = event.payload(as: CommandRefused.self) {
            return [Reason(.commandRefused, refused.reason, event)]
        } else if let refused = event.payload(as: SettingsRefused.self) {
            return [
                Reason(.settingsRefused, refused.problems.joined(separator: "; "), event)
            ]
        } else if event.payload(as: DataAccepted.self) != nil {
            return untrained(event)
        }
        return []
    }

    /// A drop that is in its dataset: is there a version that was trained on it?
    private func untrained(_ accepted: Event) -> [Reason] {
        if let run = evidence.runAfter, run.sequence > accepted.sequence { return [] }
        let deferred = evidence.deferredAfter.flatMap { event in
            event.payload(as: TrainingDeferred.self).map { ": \($0.reason)" }
        }
        return [
            Reason(
                .notTrainedYet,
                "it was accepted; no training has begun since" + (deferred ?? ""),
                evidence.deferredAfter ?? accepted)
        ]
    }

    // MARK: what got stuck

    private var stuck: [Reason] {
        evidence.stuck.map { stuck in
            let what = "#\(stuck.event.sequence) (\(stuck.event.type))"
            switch stuck.state {
            case .setAside(let error):
                return Reason(
                    .setAside, "\(stuck.plugin) could not handle \(what): \(error)", stuck.event,
                    advice: "millrace deadletter retry \(stuck.event.sequence)")
            case .fails(let error):
                return Reason(
                    .fails, "\(stuck.plugin) fails on \(what) and tries again: \(error)",
                    stuck.event)
            case .waits:
                return Reason(
                    .notYetHandled, "\(stuck.plugin) has not handled \(what) yet", stuck.event,
                    advice: "millrace status --plugins")
            }
        }
    }
}
