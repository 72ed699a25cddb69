import Millrace
import Tabular

/// Measures one pipeline's drift, as its settings want it, and says so.
struct DriftMeasuring {
    let pipeline: String
    let settings: Pipeline
    let windows: DriftWindows
    let reference: Profile
    let referenceDigest: Digest
    let current: Profile
    let report: DriftReport

    init(
        pipeline: String, settings: Pipeline, windows: DriftWindows, files: any FileStore,
        known: KnownReference?
    ) throws {
        self.pipeline = pipeline
        self.settings = settings
        self.windows = windows
        (reference, referenceDigest) = try windows.referenceProfile(
            of: settings.watchedColumns, known: known, from: files)
        current = try windows.currentProfile(of: settings.watchedColumns, from: files)
        report = drift(
            from: reference, to: current,
            options: DriftOptions(
                significance: settings.drift.significance, effectMin: settings.drift.effect,
                nullEffectMin: settings.drift.effect))
    }

    /// Those that drifted first, the largest change first.
    var columns: [Tabular.ColumnDrift] {
        report.columns.enumerated().sorted { a, b in
            if a.element.isDrifted != b.element.isDrifted { return a.element.isDrifted }
            let (left, right) = (a.element.leading?.effect ?? 0, b.element.leading?.effect ?? 0)
            return left != right ? left > right : a.offset < b.offset
        }.map(\.element)
    }

    /// An event has at most as many columns; the report has all.
    private static let eventColumns = 1000
    /// And as many files.
    private static let eventFiles = 1000

    var event: DriftMeasured {
        DriftMeasured(
            model: pipeline, dataset: settings.dataset,
            referenceVersion: windows.model.inputs.datasetVersion,
            referenceRows: reference.rowCount,
            current: windows.current.prefix(DriftMeasuring.eventFiles).map(\.path),
            currentRows: current.rowCount, drifted: report.isDrifted,
            columns: columns.prefix(DriftMeasuring.eventColumns).map(Millrace.ColumnDrift.init),
            reference: DriftMeasured.Reference(
                dataset: windows.model.inputs.datasetDigest, profile: referenceDigest))
    }
}

extension Pipeline {
    /// Nil: all columns.
    var watchedColumns: Set<String>? {
        if !drift.columns.isEmpty { return Set(drift.columns) }
        return features.isEmpty ? nil : Set(features + [target.column])
    }
}

extension Millrace.ColumnDrift {
    init(_ drift: Tabular.ColumnDrift) {
        let leading = drift.leading
        self.init(
            column: drift.name, statistic: leading?.statistic.words ?? "",
            value: leading?.value.finite ?? 0, pValue: leading?.correctedP.finite ?? 1,
            effect: leading?.effect.finite ?? 0, threshold: leading?.threshold.finite ?? 0,
            drifted: drift.isDrifted, summary: drift.message)
    }
}

extension DriftStatistic {
    var words: String {
        switch self {
        case .kolmogorovSmirnov: "KS"
        case .chiSquare: "chi-square"
        case .nullFraction: "missing values"
        case .structure: "structure"
        }
    }
}

extension Double {
    /// JSON has no infinity.
    fileprivate var finite: Double {
        if isNaN { return 0 }
        return min(max(self, -Double.greatestFiniteMagnitude), Double.greatestFiniteMagnitude)
    }
}
