import Testing

@testable import Console

/// Tables, trees and charts.
@Suite struct LayoutTests {
    private func shown(_ lines: [Text]) -> String { lines.map(\.plain).joined(separator: "\n") }

    @Test func `columns are aligned by what they take on the terminal`() {
        var table = TextTable([.init("MODEL"), .init("ROWS", .right), .init("STAGE")])
        table.add("delays", "7,000", "production")
        table.add("東京", "12", "staging")
        #expect(
            shown(table.lines(for: Terminal(width: 80))) == """
                MODEL    ROWS  STAGE
                delays  7,000  production
                東京       12  staging
                """)
    }

    @Test func `only columns that may shrink give way, the widest first`() {
        var table = TextTable([.init("ID"), .init("PATH", cut: .middle), .init("NOTE", cut: .end)])
        table.add("0123456789", "data/flights/flights-2013-01.csv", "twelve chars")
        let lines = table.lines(for: Terminal(isInteractive: true, width: 45))
        #expect(
            shown(lines) == """
                ID          PATH                 NOTE
                0123456789  data/flig…13-01.csv  twelve chars
                """)
        #expect(lines.allSatisfy { $0.width <= 45 })
        let ascii = table.lines(
            for: Terminal(isInteractive: true, usesUnicode: false, width: 45))
        #expect(shown(ascii).contains("data/flig~13-01.csv"))
        // Who searches in a pipe finds all of it.
        #expect(shown(table.lines(for: Terminal(width: 45))).contains("flights-2013-01.csv"))
    }

    @Test func `a table without rows is no lines, and a short row is filled`() {
        var table = TextTable([.init("A"), .init("B")])
        #expect(table.lines(for: Terminal()).isEmpty)
        table.add([])
        table.add(["1", "2", "3"])
        #expect(shown(table.lines(for: Terminal())) == "A  B\n\n1  2")
    }

    @Test func `a tree has branches, and details beside its stem`() {
        let tree = TextTree(
            "delays 2", details: ["auc 0.71"],
            children: [
                TextTree("trained", children: [TextTree("drop 2"), TextTree("code")]),
                TextTree("approved", details: ["by ann"]),
            ])
        #expect(
            shown(tree.lines(for: Terminal())) == """
                delays 2
                │  auc 0.71
                ├─ trained
                │  ├─ drop 2
                │  └─ code
                └─ approved
                      by ann
                """)
        #expect(
            shown(tree.lines(for: Terminal(usesUnicode: false))) == """
                delays 2
                |  auc 0.71
                |- trained
                |  |- drop 2
                |  `- code
                `- approved
                      by ann
                """)
    }

    @Test func `a tree of any depth is cut and never too wide`() {
        var tree = TextTree("leaf")
        for level in 0..<5000 { tree = TextTree("\(level)", children: [tree]) }
        let lines = tree.lines(for: Terminal(isInteractive: true, width: 60))
        #expect(lines.count == 202)
        #expect(lines.allSatisfy { $0.width <= 60 })
        #expect(tree.lines(for: Terminal(width: 60)).contains { $0.width > 60 })
    }

    @Test func `bars are exact to an eighth and stay within their width`() {
        #expect(Chart.bar(0.5, width: 4, unicode: true).plain == "██··")
        #expect(Chart.bar(0.53125, width: 4, unicode: true).plain == "██▏·")
        #expect(Chart.bar(0.5, width: 4, unicode: false).plain == "##..")
        for fraction in [-1, 0, 0.999, 1, 2, .nan, .infinity, -.infinity] as [Double] {
            #expect(Chart.bar(fraction, width: 10, unicode: true).width == 10)
            #expect(Chart.bar(fraction, width: 10, unicode: false).width == 10)
        }
    }

    @Test func `a sparkline spans from the least to the greatest value`() {
        #expect(Chart.sparkline([0, 1, 2, 7], unicode: true).plain == "▁▂▃█")
        #expect(Chart.sparkline([0, .nan, 6], unicode: false).plain == "_ #")
        #expect(Chart.sparkline([5, 5], unicode: true).plain.count == 2)
        #expect(Chart.sparkline([-1e308, 1e308, 1.7e308], unicode: true).plain.count == 3)
        #expect(Chart.sparkline([.nan], unicode: true).plain == " ")
        #expect(Chart.sparkline([], unicode: true).isEmpty)
    }
}
