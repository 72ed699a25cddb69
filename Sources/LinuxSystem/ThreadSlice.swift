import CLinux

/// How long a thread's turns at a processor are when others want it, too.
package enum ThreadSlice {
    /// For a thread that often waits, works briefly, and has somebody wait for it.
    ///
    /// Linux 6.12 and later let the thread go first whose turn ends first. One that asks for short turns
    /// runs as soon as it wakes, and has the same share of the processor as before; with the usual ones
    /// it waits for the next tick of the clock, up to 4 ms, each time it has waited for the disk. It
    /// needs no privilege, and kernels before take no notice. Threads and programs that it starts have
    /// the usual turns.
    package static func shorten() { _ = clinux_shorten_slice(100_000) }
}
