package import Millrace

/// Who was live in a stage, read as a stack: a deployment puts a version on top, a rollback takes
/// off what lies above the version that it goes back to.
///
/// So the second rollback in a row goes one version further back, and not forward again.
package struct StageHistory {
    package private(set) var versions: [Int] = []

    package init(_ tenures: [ModelRegistry.Tenure]) {
        for tenure in tenures {
            if tenure.isRollback, let index = versions.lastIndex(of: tenure.version) {
                versions.removeSubrange((index + 1)...)
            } else if versions.last != tenure.version {
                versions.append(tenure.version)
            }
        }
    }

    /// The version that is live.
    package var live: Int? { versions.last }

    /// The version that a rollback goes back to.
    package var previous: Int? { versions.dropLast().last }
}
