import Glibc

/// The two outputs of a program: results, and everything that is said about them.
package struct Streams: Sendable {
    package let out: OutputWriter
    package let err: OutputWriter

    package init(out: OutputWriter, err: OutputWriter) {
        self.out = out
        self.err = err
    }

    /// This process's standard output and standard error. A reader of the output who leaves ends
    /// the process with the status that SIGPIPE would give it, unless `onClosed` says otherwise.
    ///
    /// From here on the process ignores SIGPIPE: a write says EPIPE instead.
    package static func standard(onClosed: @escaping @Sendable () -> Void = quietExit) -> Streams {
        signal(SIGPIPE, SIG_IGN)
        return Streams(
            out: OutputWriter(STDOUT_FILENO, onClosed: onClosed), err: OutputWriter(STDERR_FILENO))
    }

    /// The same outputs without colour.
    package var withoutColor: Streams {
        Streams(out: out.withoutColor, err: err.withoutColor)
    }

    package static let quietExit: @Sendable () -> Void = { exit(128 + SIGPIPE) }
}
