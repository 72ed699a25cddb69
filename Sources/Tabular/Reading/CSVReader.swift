/// Reads CSV record by record: RFC 4180, and what real files do beside it.
///
/// - Lines end with LF, CR LF, or (where the first line ends so) with CR alone.
/// - A byte order mark is skipped; `sep=;` as first line sets the delimiter, as spreadsheets write it.
/// - Blank lines are skipped, except in a table of one column, where one is an empty field.
/// - A quote that does not belong there, a quote that is never closed, a zero byte, bytes that are
///   not UTF-8 and a record beyond the limit make that row defective. Reading goes on at the line
///   after the one where the record began, so that a single bad quote costs a single row.
final class CSVReader: RecordReader {
    private let buffer: LineBuffer
    private let limits: ReadLimits
    private let wantsHashes: Bool
    private(set) var delimiter = UInt8(ascii: ",")
    private var lineEnd = UInt8(ascii: "\n")
    private(set) var columnNames: [String] = []
    private(set) var defect: RowDefect?
    private var line = 1
    private var skipsBlankLines = true
    private let fields: UnsafeMutablePointer<Field>
    private let fieldCapacity: Int

    private static let quote = UInt8(ascii: "\"")

    /// What a scan from the head of the buffer came to.
    private enum Scan {
        /// The index behind the last field, and behind the line end.
        case record(
            end: Int, next: Int, fields: Int, lines: Int, isEscaped: Bool, isTerminated: Bool)
        case incomplete(inQuotes: Bool)
        case defect(RowDefect.Kind, at: Int)
    }

    init(
        _ input: TabularInput, delimiter: UInt8?, hasHeader: Bool, limits: ReadLimits,
        wantsHashes: Bool
    ) throws(TabularError) {
        if let delimiter, delimiter == Self.quote || delimiter == 0x0A || delimiter == 0x0D {
            throw TabularError(.contract, "a quote or a line end cannot be the delimiter")
        }
        buffer = LineBuffer(ByteSource(input))
        self.limits = limits
        self.wantsHashes = wantsHashes
        fieldCapacity = limits.columns + 1
        fields = .allocate(capacity: fieldCapacity)
        try start(delimiter: delimiter)
        try readHeader(hasHeader: hasHeader)
    }

    deinit { fields.deallocate() }

    var formatName: String {
        let name = delimiter == 0x09 ? "tab" : String(UnicodeScalar(delimiter))
        return "csv, delimiter \(escapedText(name, limit: 8))"
    }

    var bytesRead: Int { buffer.fileOffset + buffer.head }

    private func start(delimiter given: UInt8?) throws(TabularError) {
        while buffer.tail < buffer.capacity, try buffer.fill(limit: buffer.capacity) {}
        let bytes = UnsafeBufferPointer(start: buffer.start, count: buffer.tail)
        if let problem = Dialect.foreignEncoding(bytes) {
            throw TabularError(.format, problem.words, line: 1, byteOffset: problem.byteOffset)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { buffer.head = 3 }
        let text = UnsafeBufferPointer(rebasing: bytes[buffer.head...])
        lineEnd = Dialect.lineEnd(text)
        delimiter = given ?? Dialect.delimiter(text, lineEnd: lineEnd)
        if let announced = Dialect.announcedDelimiter(text) {
            if given == nil { delimiter = announced.delimiter }
            buffer.head += announced.length
            line += 1
        }
    }

    private func readHeader(hasHeader: Bool) throws(TabularError) {
        let head = buffer.head
        let firstLine = line
        guard let record = try next() else {
            throw TabularError(
                .format, "the file is empty: not even a header", line: 1, byteOffset: 0)
        }
        if record.isDefective, let defect {
            throw TabularError(
                .format, "the header cannot be read: \(defect.kind.words)", line: record.line,
                byteOffset: defect.byteOffset)
        }
        if record.count > limits.columns {
            throw TabularError(
                .limit, "\(record.count) columns; at most \(limits.columns) are read",
                line: record.line, byteOffset: record.byteOffset)
        }
        if hasHeader {
            columnNames = (0..<record.count).map { record.fields[$0].text }
        } else {
            columnNames = (1...max(record.count, 1)).map { "column\($0)" }
            buffer.head = head
            line = firstLine
        }
        skipsBlankLines = columnNames.count > 1
    }

    func next() throws(TabularError) -> Record? {
        while true {
            if buffer.head == buffer.tail, try !buffer.fill(limit: limits.recordBytes) {
                return nil
            }
            let head = buffer.head
            switch scan() {
            case .record(let end, let next, let count, let lines, let isEscaped, let isTerminated):
                let firstLine = line
                line += lines
                buffer.head = next
                if end == head, skipsBlankLines { continue }
                return finish(
                    head: head, end: end, count: count, line: firstLine, isEscaped: isEscaped,
                    isTerminated: isTerminated)
            case .incomplete(let inQuotes):
                let wasAtEnd = buffer.atEnd
                if try buffer.fill(limit: limits.recordBytes) { continue }
                // Knowing that nothing follows, the same bytes may now be complete.
                if buffer.atEnd, !wasAtEnd { continue }
                let isUnclosed = inQuotes && buffer.atEnd
                return try defective(isUnclosed ? .unclosedQuote : .tooLong, at: buffer.head)
            case .defect(let kind, let place):
                return try defective(kind, at: place)
            }
        }
    }

    /// Checks the bytes of a complete record and makes doubled quotes single.
    private func finish(
        head: Int, end: Int, count: Int, line: Int, isEscaped: Bool, isTerminated: Bool
    ) -> Record {
        let first = buffer.start + head
        var record = Record(
            fields: fields, count: count, byteOffset: buffer.fileOffset + head, line: line,
            isTerminated: isTerminated, isDefective: false,
            hash: wantsHashes ? StableHash.of(first, end - head) : 0, bufferStart: first)
        if buffer.hasUnusual, let found = byteDefect(head: head, count: end - head) {
            defect = found
            record.isDefective = true
        }
        if end - head > limits.recordBytes {
            defect = defect(.tooLong, at: head, head: head)
            record.isDefective = true
        }
        if isEscaped, !record.isDefective {
            for index in 0..<min(count, fieldCapacity) where fields[index].isEscaped {
                fields[index].removeDoubledQuotes()
            }
        }
        return record
    }

    private func byteDefect(head: Int, count: Int) -> RowDefect? {
        let first = buffer.start + head
        guard hasUnusualBytes(first, count) else { return nil }
        for index in 0..<count where first[index] == 0 {
            return defect(.zeroByte, at: head + index, head: head)
        }
        guard let place = firstInvalidUTF8(first, count) else { return nil }
        return defect(.encoding, at: head + place, head: head)
    }

    private func defect(_ kind: RowDefect.Kind, at place: Int, head: Int) -> RowDefect {
        let from = max(head, place - 20)
        let end = min(buffer.tail, from + limits.valueBytes)
        var excerpt = UnsafeBufferPointer(start: buffer.start + from, count: max(0, end - from))
        if let stop = excerpt.firstIndex(where: { $0 == lineEnd || $0 == 0x0D }) {
            excerpt = UnsafeBufferPointer(rebasing: excerpt[..<stop])
        }
        return RowDefect(
            kind: kind, byteOffset: buffer.fileOffset + place,
            excerpt: escapedText(excerpt, limit: limits.valueBytes))
    }

    /// Gives the record up and goes on behind its first line.
    private func defective(_ kind: RowDefect.Kind, at place: Int) throws(TabularError) -> Record {
        defect = defect(kind, at: place, head: buffer.head)
        var record = Record(
            fields: fields, count: 0, byteOffset: buffer.fileOffset + buffer.head, line: line,
            isTerminated: false, isDefective: true, hash: 0, bufferStart: buffer.start + buffer.head
        )
        line += 1
        while true {
            var index = buffer.head
            while index < buffer.tail, buffer.start[index] != lineEnd { index += 1 }
            if index < buffer.tail {
                buffer.head = index + 1
                record.isTerminated = true
                return record
            }
            buffer.head = buffer.tail
            if try !buffer.fill(limit: limits.recordBytes) { return record }
        }
    }
}

extension CSVReader {
    /// Finds the fields of the record at the head of the buffer.
    private func scan() -> Scan {
        let base = buffer.start
        let head = buffer.head
        let tail = buffer.tail
        let delimiter = delimiter
        let lineEnd = lineEnd
        let delimiters = repeated(delimiter)
        let lineEnds = repeated(lineEnd)
        let quotes = repeated(Self.quote)
        var fieldStart = head
        var count = 0
        var lines = 1
        var isEscaped = false
        var position = head
        while true {
            let word = loadWord(base + position)
            var found = matches(word, delimiters) | matches(word, lineEnds) | matches(word, quotes)
            step: while found != 0 {
                let place = position &+ found.trailingZeroBitCount &>> 3
                let byte = base[place]
                if place >= tail {
                    if !buffer.atEnd { return .incomplete(inQuotes: false) }
                    let end = store(last: fieldStart, tail, count)
                    return .record(
                        end: end, next: tail, fields: count &+ 1, lines: lines,
                        isEscaped: isEscaped, isTerminated: false)
                }
                if byte == delimiter {
                    store(fieldStart, place, count, isQuoted: false, isEscaped: false)
                    count &+= 1
                    fieldStart = place &+ 1
                    found &= found &- 1
                    continue step
                }
                if byte == lineEnd {
                    let end = store(last: fieldStart, place, count)
                    return .record(
                        end: end, next: place &+ 1, fields: count &+ 1, lines: lines,
                        isEscaped: isEscaped, isTerminated: true)
                }
                if place != fieldStart { return .defect(.strayQuote, at: place) }
                switch scanQuoted(from: place &+ 1, count: count, lines: &lines, &isEscaped) {
                case .next(let behind):
                    count &+= 1
                    fieldStart = behind
                    position = behind &- 8
                    break step
                case .last(let end, let next, let isTerminated):
                    return .record(
                        end: end, next: next, fields: count &+ 1, lines: lines,
                        isEscaped: isEscaped, isTerminated: isTerminated)
                case .incomplete(let inQuotes): return .incomplete(inQuotes: inQuotes)
                case .stray(let place): return .defect(.strayQuote, at: place)
                }
            }
            position &+= 8
        }
    }

    /// Stores the last field of a record without the CR of its line end. - Returns: its end.
    @inline(__always)
    private func store(last from: Int, _ to: Int, _ index: Int) -> Int {
        let hasReturn = to > from && buffer.start[to &- 1] == 0x0D
        let end = hasReturn ? to &- 1 : to
        store(from, end, index, isQuoted: false, isEscaped: false)
        return end
    }

    private enum QuotedScan {
        case next(Int)
        case last(end: Int, next: Int, isTerminated: Bool)
        case incomplete(inQuotes: Bool)
        case stray(Int)
    }

    /// Finds the end of a field in quotes and what follows it.
    private func scanQuoted(
        from start: Int, count: Int, lines: inout Int, _ anyEscaped: inout Bool
    ) -> QuotedScan {
        let base = buffer.start
        let tail = buffer.tail
        var isEscaped = false
        var position = start
        while true {
            let found = matches(loadWord(base + position), repeated(Self.quote))
            if found == 0 {
                position &+= 8
                continue
            }
            let place = position &+ found.trailingZeroBitCount &>> 3
            if place >= tail { return .incomplete(inQuotes: true) }
            if place &+ 1 >= tail, !buffer.atEnd { return .incomplete(inQuotes: true) }
            let behind = place &+ 1
            if behind < tail, base[behind] == Self.quote {
                isEscaped = true
                position = behind &+ 1
                continue
            }
            store(start, place, count, isQuoted: true, isEscaped: isEscaped)
            if isEscaped { anyEscaped = true }
            for index in start..<place where base[index] == lineEnd { lines &+= 1 }
            if behind >= tail { return .last(end: tail, next: tail, isTerminated: false) }
            if base[behind] == delimiter { return .next(behind &+ 1) }
            if base[behind] == lineEnd {
                return .last(end: behind, next: behind &+ 1, isTerminated: true)
            }
            if base[behind] == 0x0D, lineEnd == 0x0A {
                if behind &+ 1 < tail, base[behind &+ 1] == lineEnd {
                    return .last(end: behind, next: behind &+ 2, isTerminated: true)
                }
                if behind &+ 1 >= tail {
                    if !buffer.atEnd { return .incomplete(inQuotes: false) }
                    return .last(end: behind, next: tail, isTerminated: false)
                }
            }
            return .stray(place)
        }
    }

    @inline(__always)
    private func store(_ from: Int, _ to: Int, _ index: Int, isQuoted: Bool, isEscaped: Bool) {
        guard index < fieldCapacity else { return }
        (fields + index).initialize(
            to: Field(
                start: buffer.start + from, count: to &- from, isQuoted: isQuoted,
                isEscaped: isEscaped))
    }
}

extension Field {
    /// Makes `""` one quote, in place.
    mutating func removeDoubledQuotes() {
        var target = 0
        var index = 0
        while index < count {
            start[target] = start[index]
            target += 1
            index += start[index] == 0x22 && index + 1 < count ? 2 : 1
        }
        count = target
        isEscaped = false
    }
}

extension RowDefect.Kind {
    var words: String {
        switch self {
        case .strayQuote: "a quote inside a field that is not in quotes, or text after one that is"
        case .unclosedQuote: "a quote that is never closed"
        case .zeroByte: "a zero byte"
        case .encoding: "bytes that are not UTF-8"
        case .tooLong: "a record longer than the limit (perhaps a quote was never closed)"
        case .json: "not a flat JSON object"
        }
    }
}
