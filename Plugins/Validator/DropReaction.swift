import Millrace
import Tabular

/// Decides about one settled version of a file below `data/DATASET/`.
struct DropReaction {
    let arrived: FileArrived
    let context: Context
    let settings: ValidatorSettings

    private var dataset: String { arrived.area.name }

    func events() throws -> [any EventPayload] {
        let current = try context.state(DatasetRegistry.self).datasets[dataset]?.current
        let before = try DatasetManifest(current, in: context)
        var manifest = before
        for file in try context.state(OpenSet.self).files(of: dataset) { manifest.put(file) }
        let moved = takeMoved(from: &manifest)
        let format: TabularFormat
        switch DropName(arrived.path) {
        case .table(let named): format = named
        case .note: return try version(manifest, after: before)
        case .unreadable(let advice):
            let rejection = Rejection(rule: .fileType, "\(arrived.path.name): \(advice)")
            return [try reject(rejection)] + (try version(manifest, after: before))
        }
        if let moved {
            manifest.put(moved.moved(to: arrived.path))
            return try version(manifest, after: before)
        }
        // What is in the dataset stays as it is. A rejected file that is touched is judged anew.
        if arrived.change == .touched, manifest.files[arrived.path]?.sha256 == arrived.sha256 {
            return try version(manifest, after: before)
        }
        if !settings.acceptDuplicates,
            let twin = manifest.twin(of: arrived.sha256, at: arrived.path)
        {
            let sentence =
                "\(arrived.path.name): the dataset has the same bytes already as \(twin.path); its "
                + "rows would count twice"
            let rejection = Rejection(rule: .duplicate, sentence)
            return try refuse(rejection, manifest, after: before)
        }
        return try decide(format, manifest, after: before)
    }

    /// A file that was moved within the dataset unchanged needs no second look: it only has another
    /// path. - Returns: what it is in the dataset, which no longer has it under the old path.
    private func takeMoved(from manifest: inout DatasetManifest) -> DatasetFile? {
        guard arrived.change == .moved, let previous = arrived.previousPath,
            Area(of: previous) == arrived.area,
            manifest.files[previous]?.sha256 == arrived.sha256
        else { return nil }
        return manifest.remove(previous)
    }

    private func decide(
        _ format: TabularFormat, _ manifest: DatasetManifest, after before: DatasetManifest
    ) throws -> [any EventPayload] {
        let nulls =
            context.settings.datasets[dataset]?.nulls ?? DatasetSettings().nulls
        let check = DropCheck(
            digest: arrived.sha256, format: format, nulls: nulls,
            rowsPerRule: settings.reportedRows, files: context.files)
        var events: [any EventPayload] = []
        let inForce: ContractInForce
        if let known = try ContractInForce.find(
            for: dataset, before: context.event.sequence, in: context)
        {
            inForce = known
        } else {
            let form = try check.check(against: nil)
            guard form.report.isAccepted else {
                return try refuse(
                    Rejection(form.report, contract: nil), manifest, after: before)
            }
            guard form.report.rowCount > 0 else {
                return try refuse(noRows(nil), manifest, after: before)
            }
            let proposal = try ContractProposal(
                dataset: dataset, profile: form.profile, nulls: nulls, basedOn: arrived.path
            ).write(context)
            events.append(proposal.event)
            inForce = proposal.inForce
        }
        let result = try check.check(against: inForce.contract)
        guard result.report.isAccepted else {
            let rejection = Rejection(result.report, contract: inForce.digest)
            return events + (try refuse(rejection, manifest, after: before))
        }
        if result.report.rowCount == 0, inForce.contract.rowCountMin != 0 {
            return events + (try refuse(noRows(inForce.digest), manifest, after: before))
        }
        return events + (try accept(result, inForce.digest, manifest, after: before))
    }

    private func noRows(_ contract: Digest?) -> Rejection {
        Rejection(
            rule: .noRows, "\(arrived.path.name): it has a header and no rows", contract: contract)
    }

    private func accept(
        _ result: Validation, _ contract: Digest, _ manifest: DatasetManifest,
        after before: DatasetManifest
    ) throws -> [any EventPayload] {
        let file = DatasetFile(
            path: arrived.path, size: arrived.size, sha256: arrived.sha256,
            rows: result.report.rowCount,
            profile: try context.files.store(result.profile.json.bytes))
        var manifest = manifest
        // Moved and changed at once: what lies there now stands for what lay at the old path.
        if arrived.change == .moved, let previous = arrived.previousPath {
            manifest.remove(previous)
        }
        manifest.put(file)
        let accepted = DataAccepted(
            dataset: dataset, file: file, contract: contract, warnings: result.report.warnings,
            set: arrived.set)
        return [accepted] + (try version(manifest, after: before))
    }

    /// What is bad in a set does not hold up what is good in it.
    private func refuse(
        _ rejection: Rejection, _ manifest: DatasetManifest, after before: DatasetManifest
    ) throws -> [any EventPayload] {
        let rejected = try reject(rejection)
        return arrived.set == nil ? [rejected] : [rejected] + (try version(manifest, after: before))
    }

    private func reject(_ rejection: Rejection) throws -> DataRejected {
        try Quarantine(arrived: arrived, rejection: rejection, event: context.event)
            .write(context.outputs)
    }

    private func version(
        _ manifest: DatasetManifest, after before: DatasetManifest
    ) throws -> [any EventPayload] {
        // All files of a set make one version.
        if let set = arrived.set, !set.isLast { return [] }
        let current = try context.state(DatasetRegistry.self).datasets[dataset]?.current
        return try manifest.events(
            after: current, before: before, of: dataset, in: context)
    }
}

extension ValidationReport {
    private static let warningsLimit = 20

    /// What is not as it should be and still tolerated, in words.
    var warnings: [String] {
        violations.filter { !($0.isExceeded && $0.severity == .error) }
            .prefix(ValidationReport.warningsLimit).map { violation in
                let cases = violation.count == 1 ? "1 case" : "\(violation.count.grouped) cases"
                return "\(violation.message) (\(cases))"
            }
    }
}
