import Millrace

/// Reads JSON Lines: one flat object a line, whose first keys name the columns.
///
/// A key that a later row lacks is a missing value; a key that the first row lacks makes the row
/// defective, as do nested values. Blank lines are skipped.
final class JSONLinesReader: RecordReader {
    private let buffer: LineBuffer
    private let limits: ReadLimits
    private let wantsHashes: Bool
    private(set) var columnNames: [String] = []
    private(set) var defect: RowDefect?
    private var indexOfColumn: [String: Int] = [:]
    private var line = 1
    /// The current line was too long and its end has not been found yet.
    private var skipsRest = false
    private var pending: (members: [JSONValue.Member], record: Record)?
    private let fields: UnsafeMutablePointer<Field>
    /// The values of the current record as text; each field is a part of it.
    private var text: UnsafeMutablePointer<UInt8>
    private var textCapacity = 1 << 12
    private let jsonLimits: JSONLimits

    init(
        _ input: TabularInput, limits: ReadLimits, wantsHashes: Bool
    ) throws(TabularError) {
        buffer = LineBuffer(ByteSource(input))
        self.limits = limits
        self.wantsHashes = wantsHashes
        jsonLimits = .standard
        text = .allocate(capacity: textCapacity)
        fields = .allocate(capacity: limits.columns + 1)
        while buffer.tail < buffer.capacity, try buffer.fill(limit: buffer.capacity) {}
        let bytes = UnsafeBufferPointer(start: buffer.start, count: buffer.tail)
        if let problem = Dialect.foreignEncoding(bytes) {
            throw TabularError(.format, problem.words, line: 1, byteOffset: problem.byteOffset)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { buffer.head = 3 }
        try readColumns()
    }

    deinit {
        text.deallocate()
        fields.deallocate()
    }

    var formatName: String { "json lines" }

    var bytesRead: Int { buffer.fileOffset + buffer.head }

    private func readColumns() throws(TabularError) {
        guard let (record, members) = try nextObject() else {
            throw TabularError(.format, "the file is empty", line: 1, byteOffset: 0)
        }
        if record.isDefective, let defect {
            throw TabularError(
                .format, "the first row names the columns, but it is \(defect.kind.words)",
                line: record.line, byteOffset: defect.byteOffset)
        }
        if members.count > limits.columns {
            throw TabularError(
                .limit, "\(members.count) columns; at most \(limits.columns) are read",
                line: record.line, byteOffset: record.byteOffset)
        }
        columnNames = members.map(\.key)
        for (index, name) in columnNames.enumerated() { indexOfColumn[name] = index }
        pending = (members, record)
    }

    func next() throws(TabularError) -> Record? {
        if let (members, record) = pending {
            pending = nil
            return filled(record, members)
        }
        guard let (record, members) = try nextObject() else { return nil }
        return record.isDefective ? record : filled(record, members)
    }

    /// The next line that is not blank, as an object.
    private func nextObject() throws(TabularError) -> (Record, [JSONValue.Member])? {
        while let (start, count, isTerminated) = try nextLine() {
            let thisLine = line
            line += 1
            let bytes = UnsafeBufferPointer(start: start, count: count)
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            let offset = buffer.fileOffset + (start - buffer.start)
            var record = Record(
                fields: fields, count: 0, byteOffset: offset, line: thisLine,
                isTerminated: isTerminated, isDefective: false,
                hash: wantsHashes ? StableHash.of(start, count) : 0, bufferStart: start)
            func defective(_ kind: RowDefect.Kind) -> (Record, [JSONValue.Member]) {
                record.isDefective = true
                defect = RowDefect(
                    kind: kind, byteOffset: offset,
                    excerpt: escapedText(bytes, limit: limits.valueBytes))
                return (record, [])
            }
            if skipsRest || count > limits.recordBytes { return defective(.tooLong) }
            do throws(JSONError) {
                let value = try JSONValue(parsing: Array(bytes), limits: jsonLimits)
                guard let members = value.members else { return defective(.json) }
                return (record, members)
            } catch {
                return defective(isTerminated ? .json : .unclosedQuote)
            }
        }
        return nil
    }

    /// A line without its end; cut at the limit, with the rest of it skipped.
    private func nextLine() throws(TabularError) -> (
        start: UnsafeMutablePointer<UInt8>, count: Int, isTerminated: Bool
    )? {
        if skipsRest { try skipLine() }
        var searched = 0
        while true {
            var index = buffer.head + searched
            while index < buffer.tail, buffer.start[index] != 0x0A { index += 1 }
            if index < buffer.tail {
                let start = buffer.start + buffer.head
                let count = index - buffer.head
                buffer.head = index + 1
                return (start, count, true)
            }
            searched = index - buffer.head
            if try buffer.fill(limit: limits.recordBytes) { continue }
            if searched == 0 { return nil }
            let start = buffer.start + buffer.head
            let count = searched
            buffer.head = buffer.tail
            skipsRest = !buffer.atEnd
            return (start, count, false)
        }
    }

    private func skipLine() throws(TabularError) {
        skipsRest = false
        while true {
            var index = buffer.head
            while index < buffer.tail, buffer.start[index] != 0x0A { index += 1 }
            buffer.head = min(index + 1, buffer.tail)
            if index < buffer.tail { return }
            if try !buffer.fill(limit: limits.recordBytes) { return }
        }
    }

    /// Writes the values as text and points the fields at them.
    private func filled(_ record: Record, _ members: [JSONValue.Member]) -> Record {
        var record = record
        var values = [JSONValue](repeating: .null, count: columnNames.count)
        for member in members {
            guard let index = indexOfColumn[member.key] else {
                return unsuitable(record, "unknown key \(member.key)")
            }
            values[index] = member.value
        }
        var texts: [[UInt8]] = []
        for value in values {
            switch value {
            case .null: texts.append([])
            case .bool(let truth): texts.append(Array((truth ? "true" : "false").utf8))
            case .integer(let integer): texts.append(Array(String(integer).utf8))
            case .number(let number): texts.append(Array("\(number)".utf8))
            case .string(let string): texts.append(Array(string.utf8))
            case .array, .object: return unsuitable(record, "a value inside a value")
            }
        }
        let total = texts.reduce(0) { $0 + $1.count }
        if total + 8 > textCapacity {
            text.deallocate()
            textCapacity = (total + 8) * 2
            text = .allocate(capacity: textCapacity)
        }
        var position = text
        for (index, bytes) in texts.enumerated() {
            bytes.withUnsafeBufferPointer { source in
                if let base = source.baseAddress { position.update(from: base, count: bytes.count) }
            }
            let isString = values[index].stringValue != nil
            (fields + index).initialize(
                to: Field(
                    start: position, count: bytes.count, isQuoted: isString, isEscaped: false,
                    isNull: values[index] == .null))
            position += bytes.count
        }
        record.count = texts.count
        // Offsets of single values are not kept: they are those of the record.
        record.bufferStart = nil
        return record
    }

    private func unsuitable(_ record: Record, _ why: String) -> Record {
        var record = record
        record.isDefective = true
        defect = RowDefect(
            kind: .json, byteOffset: record.byteOffset,
            excerpt: escapedText(why, limit: limits.valueBytes))
        return record
    }
}
