import Millrace

/// Takes a file that is gone out of its dataset.
struct RemovalReaction {
    let removed: FileRemoved
    let context: Context

    func events() throws -> [any EventPayload] {
        let dataset = removed.area.name
        let current = try context.state(DatasetRegistry.self).datasets[dataset]?.current
        let before = try DatasetManifest(current, in: context)
        var manifest = before
        manifest.remove(removed.path)
        return try manifest.events(
            after: current, before: before, of: dataset, in: context)
    }
}
