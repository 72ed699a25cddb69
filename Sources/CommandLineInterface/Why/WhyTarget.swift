import Console
import Journal
import LinuxSystem
import Millrace
import Runtime

/// What somebody asks about: a model, a record, or a file.
struct WhyTarget {
    let words: RawArgument
    let root: FilePath
    let reader: JournalReader
    let book: EvidenceBook
    /// By pipeline: the stage that counts as production.
    let production: [String: String]

    /// The record that answers it. - Throws: when there is nothing by that name.
    func sequence() throws -> UInt64 {
        if let text = words.text {
            let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
            if let number = UInt64(digits) { return number }
            if let found = try model(text) { return found }
        }
        if let found = file() { return found }
        if let text = words.text, let found = try identified(by: text) { return found }
        throw missing()
    }

    // MARK: models

    private func model(_ text: String) throws -> UInt64? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let name = String(parts[0])
        let versions = book.versions.keys.filter { $0.model == name }.map(\.version)
        guard parts.count <= 2, !versions.isEmpty else { return nil }
        guard parts.count == 2 else { return live(name) ?? latest(name, versions) }
        let digits = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
        guard let version = Int(digits), versions.contains(version) else {
            let all = versions.sorted().suffix(10).map { "\(name)@\($0)" }
            throw CommandFailure(
                .missing, "\(name) has no version '\(String(parts[1]))'",
                advice: Text("there are: " + all.joined(separator: ", ")))
        }
        return about(name, version)
    }

    /// The deployment by which the version in production went live.
    private func live(_ name: String) -> UInt64? {
        let deployments = book.deployments[name] ?? []
        guard let stage = production[name] ?? deployments.last?.stage else { return nil }
        return deployments.last { $0.stage == stage }?.sequence
    }

    private func latest(_ name: String, _ versions: [Int]) -> UInt64? {
        versions.max().flatMap { about(name, $0) }
    }

    /// Where a version got to: into production, into another stage, to a refusal, or to be made.
    private func about(_ name: String, _ version: Int) -> UInt64? {
        let key = EvidenceBook.VersionKey(model: name, version: version)
        let deployments = (book.deployments[name] ?? []).filter { $0.version == version }
        let stage = production[name]
        return deployments.last { $0.stage == stage }?.sequence ?? book.refusals[key]
            ?? deployments.last?.sequence ?? book.versions[key]
    }

    // MARK: files

    /// The last that is known about a path, given from the workspace or as the shell completes it.
    private func file() -> UInt64? {
        var candidates = [words.bytes]
        if let absolute = try? AbsolutePath.of(FilePath(bytes: words.bytes)) {
            let prefix = root.bytes + [UInt8(ascii: "/")]
            if absolute.bytes.starts(with: prefix) {
                candidates.append(Array(absolute.bytes.dropFirst(prefix.count)))
            }
        }
        if let escaped = words.text.flatMap({ WorkspacePath(escaped: $0) }) {
            candidates.append(escaped.bytes)
        }
        return candidates.lazy.compactMap { WorkspacePath(bytes: $0) }
            .compactMap { book.lastAbout[$0] }.first
    }

    // MARK: records

    /// The record whose id begins with these digits.
    private func identified(by text: String) throws -> UInt64? {
        let digits = text.lowercased()
        guard digits.utf8.count >= 4, let key = IndexKey(idPrefix: digits) else { return nil }
        var found: [UInt64] = []
        let cursor = try reader.records(with: key)
        while let record = try cursor.next() { found.append(record.sequence) }
        if found.count > 1 {
            let list = found.prefix(5).map { "#\($0)" }.joined(separator: ", ")
            throw CommandFailure(
                .usage, "\(found.count) records have an id that begins with '\(digits)': \(list)",
                advice: "type more digits, or the number of one")
        }
        return found.first
    }

    private func missing() -> CommandFailure {
        let models = Set(book.versions.keys.map(\.model)).sorted()
        let meant = suggestions(for: words.text ?? "", among: models)
        let advice: String
        if !meant.isEmpty {
            advice = "Did you mean '\(meant.joined(separator: "' or '"))'?"
        } else if models.isEmpty {
            advice = "there is no model yet; 'millrace events' lists what there is"
        } else {
            advice =
                "models: \(models.joined(separator: ", ")); 'millrace events' lists all records"
        }
        return CommandFailure(
            .missing, "nothing here is called '\(Text(bytes: words.bytes))'", advice: Text(advice))
    }
}
