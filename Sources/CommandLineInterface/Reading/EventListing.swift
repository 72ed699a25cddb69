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
        let cursor = try reader.cursor(from: start)
        var kept = LastFew<RawRecord>(last ?? 0)
        while let record = try cursor.next() {
            guard until.includes(sequence: record.sequence, time: record.time) else {
                isOver = true
                break
            }
            guard filter.includes(type: record.type, correlation: record.correlation) else {
                continue
            }
            if !filter.subjects.isEmpty {
                let event = try cursor.event(of: record)
                guard filter.includes(event.subject) else { continue }
            }
            if last == nil { try write(record, cursor) } else { kept.add(record) }
        }
        for record in kept.all { try write(record, cursor) }
        if out.isClosed { isOver = true }
        out.flush()
        return cursor.position
    }

    private mutating func write(_ record: RawRecord, _ cursor: JournalCursor) throws {
        if asJSON {
            out.write(record.line + [UInt8(ascii: "\n")])
            return
        }
        let event = try cursor.event(of: record)
        let day = String(event.time.description.prefix(10))
        if day != lastDay { out.line(Text(day, .strong)) }
        lastDay = day
        EventLine.write(event, catalogue, to: out)
    }
}

/// One event on one line.
enum EventLine {
    /// Whoever looks sees one line an event; whoever searches in a pipe finds all of it.
    static func write(_ event: Event, _ catalogue: EventCatalogue, to out: OutputWriter) {
        let line = text(of: event, catalogue)
        let terminal = out.terminal
        guard terminal.isInteractive else { return out.line(line) }
        out.line(line.truncated(to: terminal.width, mark: terminal.usesUnicode ? "…" : "~"))
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
