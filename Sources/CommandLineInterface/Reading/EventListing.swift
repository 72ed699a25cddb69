import Console
import Journal
import Millrace
import Runtime

/// Prints events in the order of the journal.
struct EventListing: Sendable {
    let filter: EventFilter
    let until: Moment
    let asJSON: Bool
    let out: OutputWriter
    let catalogue: EventCatalogue
    private(set) var isOver = false
    private var lastDay = ""

    init(
        filter: EventFilter, until: Moment, asJSON: Bool, catalogue: EventCatalogue,
        out: OutputWriter
    ) {
        self.catalogue = catalogue
        self.filter = filter
        self.until = until
        self.asJSON = asJSON
        self.out = out
    }

    /// Prints what is there. - Returns: the sequence that comes next.
    mutating func list(
        _ reader: JournalReader, from start: UInt64, last: Int?
    ) throws -> UInt64 {
        let next: UInt64
        if let last, filter.key == nil {
            next = try listLast(last, reader, from: start)
        } else {
            var kept = LastFew<RawRecord>(last ?? 0)
            next = try walk(reader, from: start) { listing, record in
                if last == nil { try listing.write(record, reader) } else { kept.add(record) }
            }
            for record in kept.all { try write(record, reader) }
        }
        if out.isClosed { isOver = true }
        out.flush()
        return next
    }

    /// Looks at the end of the journal first, and further back until there are enough.
    private mutating func listLast(
        _ count: Int, _ reader: JournalReader, from start: UInt64
    ) throws -> UInt64 {
        let end = try reader.head().sequence
        var span = UInt64(max(count, 1)) * 16
        while true {
            let from = end > span ? max(start, end - span) : start
            var kept = LastFew<RawRecord>(count)
            let next = try walk(reader, from: from) { _, record in kept.add(record) }
            if kept.all.count == count || from == start {
                for record in kept.all { try write(record, reader) }
                return next
            }
            span *= 8
        }
    }

    /// Shows the wanted records one by one. - Returns: the sequence that comes next.
    private mutating func walk(
        _ reader: JournalReader, from start: UInt64,
        _ body: (inout EventListing, RawRecord) throws -> Void
    ) throws -> UInt64 {
        let found = try filter.key.map {
            try reader.records(with: $0, in: min(start, .max - 1)...(.max - 1))
        }
        let cursor = try reader.cursor(from: start)
        while let record = try found.map({ try $0.next() }) ?? cursor.next() {
            guard until.includes(sequence: record.sequence, time: record.time) else {
                isOver = true
                break
            }
            guard filter.includes(type: record.type, correlation: record.correlation) else {
                continue
            }
            if !filter.subjects.isEmpty {
                guard filter.includes(try record.event().subject) else { continue }
            }
            try body(&self, record)
        }
        return found?.position ?? cursor.position
    }

    private mutating func write(_ record: RawRecord, _ reader: JournalReader) throws {
        if asJSON {
            out.write(record.line + [UInt8(ascii: "\n")])
            return
        }
        let event = try reader.event(of: record)
        let day = String(event.time.description.prefix(10))
        if day != lastDay { out.line(Text(day, .strong)) }
        lastDay = day
        EventLine.write(event, catalogue, to: out)
    }
}

/// One event on one line.
enum EventLine {
    static func write(_ event: Event, _ catalogue: EventCatalogue, to out: OutputWriter) {
        out.line(text(of: event, catalogue).fitted(to: out.terminal))
    }

    static func text(of event: Event, _ catalogue: EventCatalogue) -> Text {
        let number = Text("\(event.sequence)", .faint).padded(to: 6, .right)
        let time = Text(String(Format.clock(event.time).prefix(8)), .faint)
        let type = Text(event.type, EventText.style(of: event)).padded(to: 20)
        let about = event.subject.name
        let subject = about.isEmpty ? Text() : Text(about, .strong) + ": "
        return number + " " + time + "  " + type + "  " + subject
            + Text(catalogue.summary(of: event))
    }
}

/// The last elements of a sequence of any length.
struct LastFew<Element> {
    private var elements: [Element] = []
    private var oldest = 0
    private let limit: Int

    init(_ limit: Int) { self.limit = limit }

    mutating func add(_ element: Element) {
        guard limit > 0 else { return }
        if elements.count < limit {
            elements.append(element)
        } else {
            elements[oldest] = element
            oldest = (oldest + 1) % limit
        }
    }

    /// In the order in which they came.
    var all: [Element] { Array(elements[oldest...] + elements[..<oldest]) }
}
