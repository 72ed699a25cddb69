import Millrace
import Tabular

/// The contract that a first drop suggests, for a person to sharpen.
struct ContractProposal {
    let dataset: String
    let profile: Profile
    let nulls: [String]
    let basedOn: WorkspacePath

    /// Keeps the contract and puts it where a person finds it: under a name that is no input, so
    /// that renaming it to `contracts/DATASET.json` is what puts the person's name to it.
    func write(_ context: Context) throws -> (event: ContractProposed, inForce: ContractInForce) {
        var contract = Contract.inferred(from: profile, id: dataset)
        contract.nullTokens = nulls
        let bytes = Array((contract.json.pretty() + "\n").utf8)
        let digest = try context.files.store(bytes)
        guard let path = WorkspacePath(bytes: Array("contracts/\(dataset).proposed.json".utf8))
        else { throw ReactionError("\(dataset) is no name for a contract", retryable: false) }
        try context.outputs.write(bytes, to: path)
        let event = ContractProposed(
            dataset: dataset, contract: digest, columns: contract.columns.count,
            rules: contract.ruleCount, path: path, basedOn: basedOn)
        return (event, ContractInForce(contract: contract, digest: digest))
    }
}
