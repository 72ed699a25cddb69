import Millrace
import Tabular

/// A contract and the bytes that say so.
struct ContractInForce {
    let contract: Contract
    let digest: Digest

    /// The contract for a drop: the last valid file in `contracts/` that arrived before it; else the
    /// one that was proposed; else nil.
    ///
    /// Follows from the journal alone, so a drop that is looked at again meets the same contract.
    static func find(
        for dataset: String, before sequence: UInt64, in context: Context
    ) throws -> ContractInForce? {
        let files = try context.state(ContractFiles.self).files[dataset] ?? []
        for file in files.reversed() where file.sequence < sequence {
            guard context.files.contains(file.digest) else { continue }
            if case .success(let contract) = try ContractInForce.read(file, from: context.files) {
                return ContractInForce(contract: contract, digest: file.digest)
            }
        }
        guard let known = try context.state(DatasetRegistry.self).datasets[dataset]?.contract,
            known.isProposed
        else { return nil }
        let bytes = try context.files.bytes(of: known.digest, limit: ContractText.sizeLimit)
        switch ContractInForce.parse(bytes) {
        case .success(let contract):
            return ContractInForce(contract: contract, digest: known.digest)
        case .failure(let problems):
            throw ReactionError(
                "the contract that was proposed for \(dataset) cannot be read: "
                    + "\(problems.list.joined(separator: "; ")); write contracts/\(dataset).json",
                retryable: false)
        }
    }

    /// Why a file is no contract, each in a sentence.
    struct Problems: Error {
        let list: [String]
    }

    /// - Throws: when the bytes cannot be had; what is wrong with them is in the result.
    static func read(
        _ file: ContractFiles.File, from files: any FileStore
    ) throws -> Result<Contract, Problems> {
        let name = file.path.name
        guard name.lowercased().hasSuffix(".json") else {
            return .failure(Problems(list: ["contracts are JSON: name it DATASET.json"]))
        }
        guard file.size <= ContractText.sizeLimit else {
            return .failure(
                Problems(list: [
                    "\(file.size) bytes are more than the \(ContractText.sizeLimit) allowed"
                ]))
        }
        return parse(try files.bytes(of: file.digest, limit: ContractText.sizeLimit))
    }

    private static func parse(_ bytes: [UInt8]) -> Result<Contract, Problems> {
        do {
            let text = try ContractText(bytes)
            do {
                return .success(try text.contract())
            } catch {
                let all = text.problems
                return .failure(Problems(list: all.isEmpty ? ["\(error)"] : all))
            }
        } catch {
            return .failure(Problems(list: ["\(error)"]))
        }
    }
}
