package import LinuxSystem

/// What events speak of and what lies in other files, to be forced to the disk at the same time as the
/// events. A power cut may leave one without the other: `JournalConfiguration.isWhole` tells at the next
/// start.
package struct Companion: Sendable {
    /// Forces it to the disk. Called on another thread, while the events are forced there.
    let force: SideThread.Work
    /// Hands it to the disk, which may keep it in its cache. Called instead of `force`, before the events
    /// are forced.
    let handOver: SideThread.Work?

    /// - Parameter handOver: only where forcing a segment of the journal forces this, too.
    package init(force: @escaping SideThread.Work, handOver: SideThread.Work? = nil) {
        self.force = force
        self.handOver = handOver
    }
}
