import Glibc

/// The descriptors 0, 1 and 2, which any part of a program, and of the C library, may use.
package enum StandardDescriptors {
    /// Opens `/dev/null` in the place of those that are closed. Else the next file that is opened
    /// takes the number, and what is meant for standard error is written into it: the journal, say.
    package static func fill() {
        while true {
            // The lowest free number is taken.
            let raw = open("/dev/null", O_RDWR)
            guard raw <= STDERR_FILENO else {
                close(raw)
                return
            }
            if raw < 0 { return }
        }
    }
}
