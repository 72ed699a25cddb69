/// Where a program writes its lines. Buffered; a terminal gets each line at once.
///
/// A reader that goes away (`millrace events | head`) is not an error: nothing is written any more,
/// nothing is said, and `onClosed` decides how to stop. Any other failure (a full disk) is kept in
/// `problem`, so that a program does not report success for output that was never stored.
package struct OutputWriter: Sendable {
    package let terminal: Terminal
    private let sink: OutputSink

    /// - Parameters:
    ///   - descriptor: stays open and is not owned. SIGPIPE must be ignored in this process.
    ///   - onClosed: called once, when the reader has gone.
    package init(
        _ descriptor: CInt, terminal: Terminal? = nil,
        onClosed: @escaping @Sendable () -> Void = {}
    ) {
        self.terminal = terminal ?? .detect(descriptor)
        sink = OutputSink(descriptor, onClosed: onClosed)
    }

    /// A writer that keeps everything in memory, for tests and for pages made of pages.
    package init(capturing terminal: Terminal) {
        self.terminal = terminal
        sink = OutputSink(nil, onClosed: {})
    }

    private init(_ terminal: Terminal, _ sink: OutputSink) {
        self.terminal = terminal
        self.sink = sink
    }

    /// The same output without colour.
    package var withoutColor: OutputWriter {
        var plain = terminal
        plain.usesColor = false
        return OutputWriter(plain, sink)
    }

    package func line(_ text: Text = Text()) {
        write(text.rendered(color: terminal.usesColor) + "\n")
    }

    package func lines(_ texts: [Text]) {
        for text in texts { line(text) }
    }

    /// Writes text as it is: for JSON, scripts and other output that programs read. The caller
    /// answers for control characters in it.
    package func write(_ text: String) {
        var text = text
        text.withUTF8 { sink.append($0) }
        if terminal.isInteractive { flush() }
    }

    /// Writes bytes as they are.
    package func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { sink.append($0) }
        if terminal.isInteractive { flush() }
    }

    package func flush() { sink.flush() }

    /// What a capturing writer has got so far.
    package var captured: String { String(decoding: sink.content, as: UTF8.self) }

    /// True once the reader has gone: endless output (`--follow`) ends here.
    package var isClosed: Bool { sink.isClosed }

    /// The errno of the first write that failed for another reason than a reader who left.
    package var problem: CInt? { sink.problem }
}
