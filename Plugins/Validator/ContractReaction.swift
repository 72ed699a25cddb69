import Millrace
import Tabular

/// Takes a person's contract, or says everything that is wrong with it.
struct ContractReaction {
    let arrived: FileArrived
    let context: Context

    func events() throws -> [any EventPayload] {
        let name = arrived.path.name.lowercased()
        if name.hasPrefix("readme") || name.hasSuffix(".proposed.json") { return [] }
        let dataset = arrived.area.name
        let file = ContractFiles.File(
            path: arrived.path, digest: arrived.sha256, size: arrived.size,
            sequence: context.event.sequence)
        switch try ContractInForce.read(file, from: context.files) {
        case .success(let contract):
            return [
                ContractAccepted(
                    dataset: dataset, contract: arrived.sha256, columns: contract.columns.count,
                    rules: contract.ruleCount)
            ]
        case .failure(let problems):
            return [
                ContractRefused(dataset: dataset, path: arrived.path, problems: problems.list)
            ]
        }
    }
}

extension Contract {
    /// How many things are asked of a drop, for a person to see whether it is strict.
    var ruleCount: Int {
        var count = rowRules.count + (rowCountMin == nil ? 0 : 1) + (rowCountMax == nil ? 0 : 1)
        for column in columns {
            // The type, and whatever else is said.
            count += 1
            count += column.nullFractionMax < 1 ? 1 : 0
            count += column.minimum == nil ? 0 : 1
            count += column.maximum == nil ? 0 : 1
            count += column.allowedValues == nil ? 0 : 1
            count += column.pattern == nil ? 0 : 1
            count += column.lengthMin == nil && column.lengthMax == nil ? 0 : 1
            count += column.isUnique ? 1 : 0
        }
        return count
    }
}
