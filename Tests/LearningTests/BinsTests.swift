import Tabular
import Testing

@testable import Learning

struct BinsTests {
    private func binned(_ values: [Double], bins: Int) -> BinnedTable {
        BinnedTable(
            features: [Feature(name: "x", kind: .numeric)], table: [.numeric(values)],
            rows: Array(values.indices), maximumBins: bins, seed: 0, pool: WorkerPool(threads: 1))
    }

    @Test func `few distinct values have a bin each, and missing ones the last`() {
        let table = binned([3, 1, .nan, 2, 1, .infinity, -.infinity], bins: 255)
        #expect(table.columns[0].thresholds == [1.5, 2.5])
        #expect(table.columns[0].binCount == 4)
        let bins = withExtendedLifetime(table) { (0..<7).map { table.byColumn.base[$0] } }
        #expect(bins == [2, 0, 3, 1, 0, 3, 3])
    }

    @Test func `many distinct values are cut into bins of like size`() {
        var random = TestRandom(8)
        let table = binned((0..<4000).map { _ in random.normal() }, bins: 21)
        let column = table.columns[0]
        #expect(column.thresholds.count == 19)
        #expect(column.thresholds == column.thresholds.sorted())
        var counts = [Int](repeating: 0, count: 21)
        withExtendedLifetime(table) {
            for row in 0..<4000 { counts[Int(table.byColumn.base[row])] += 1 }
        }
        #expect(counts[20] == 0)
        #expect(counts[..<20].allSatisfy { $0 > 150 && $0 < 250 })
    }

    @Test func `a frequent value does not use up the bins of the others`() {
        let values = [Double](repeating: 0, count: 900) + (1...100).map(Double.init)
        let table = binned(values, bins: 12)
        #expect(table.columns[0].thresholds.count >= 9)
        #expect(table.columns[0].thresholds.first == 0.5)
    }

    @Test func `neighbouring and huge numbers are still told apart`() {
        for (low, high) in [
            (1.0, 1.0.nextUp), (-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude),
            (0, .leastNonzeroMagnitude),
        ] {
            let threshold = binned([low, high], bins: 255).columns[0].thresholds
            #expect(threshold.count == 1)
            #expect(threshold.allSatisfy { low <= $0 && $0 < high })
        }
    }

    @Test func `rows and columns hold the same bins`() {
        let values = [(0..<50).map(Double.init), (0..<50).map { Double(50 - $0) }]
        let table = BinnedTable(
            features: ["a", "b"].map { Feature(name: $0, kind: .numeric) },
            table: values.map { .numeric($0) }, rows: Array(10..<40), maximumBins: 255, seed: 0,
            pool: WorkerPool(threads: 2))
        #expect(table.rowCount == 30 && table.rowStride == 4)
        withExtendedLifetime(table) {
            for row in 0..<30 {
                for column in 0..<2 {
                    #expect(
                        table.byRow.base[row * 4 + column]
                            == table.byColumn.base[column * 30 + row])
                }
            }
        }
    }

    @Test func `whole-number sums hold what they were given, to many digits`() {
        let scale = GradientScale(rows: 1_000_000, largestGradient: 3, largestHessian: 0.25)
        var random = TestRandom(2)
        var (gradient, hessian) = (0.0, 0.0)
        var total = GradientScale.Pair.zero
        for _ in 0..<1000 {
            let (g, h) = (6 * random.unit() - 3, random.unit() / 4)
            gradient += g
            hessian += h
            total &+= scale.pair(g, h)
        }
        let sums = scale.sums(total)
        #expect(sums.count == 1000)
        #expect(abs(sums.gradient - gradient) < 1e-7)
        #expect(abs(sums.hessian - hessian) < 1e-4)
    }

    @Test(arguments: [1, 100, 1 << 20, GradientScale.maximumRows - 1])
    func `the largest sums do not overflow`(rows: Int) {
        for largest in [1e-290, 0.25, 1e100] {
            let scale = GradientScale(rows: rows, largestGradient: largest, largestHessian: 0.25)
            let (one, least) = (scale.pair(largest, 0.25), scale.pair(-largest, 0))
            let sums = scale.sums(
                GradientScale.Pair(
                    one[0].multipliedReportingOverflow(by: Int64(rows)).partialValue,
                    one[1].multipliedReportingOverflow(by: Int64(rows)).partialValue))
            #expect(!one[0].multipliedReportingOverflow(by: Int64(rows)).overflow)
            #expect(!least[0].multipliedReportingOverflow(by: Int64(rows)).overflow)
            #expect(!one[1].multipliedReportingOverflow(by: Int64(rows)).overflow)
            #expect(sums.count == rows)
            #expect(abs(sums.hessian / Double(rows) - 0.25) < 1e-4)
            #expect(abs(sums.gradient / Double(rows) / largest - 1) < 1e-9)
        }
    }
}
