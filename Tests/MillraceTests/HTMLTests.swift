import Millrace
import Testing

@Suite struct HTMLTests {
    @Test func `what is interpolated is text, only literals are markup`() {
        let hostile = "<script>alert(\"x\" & 'y')</script>"
        let html: HTML = "<td title=\"\(hostile)\">\(hostile)</td>"
        #expect(
            html.markup == "<td title=\"&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)"
                + "&lt;/script&gt;\">&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)"
                + "&lt;/script&gt;</td>")
    }

    @Test func `markup within markup is not escaped twice`() {
        let cell: HTML = "<td>\("a & b")</td>"
        let rows = [cell, cell]
        let row: HTML = "<tr>\(cell)\(rows)</tr>"
        #expect(
            row.markup
                == "<tr><td>a &amp; b</td><td>a &amp; b</td><td>a &amp; b</td></tr>")
    }

    @Test func `what would not be seen, or would turn the line around, is spelled out`() {
        let html: HTML = "\("a\u{0}b\u{202E}c\u{200B}d\n")"
        #expect(html.markup == "a\\u{0}b\\u{202e}c\\u{200b}d\\u{a}")
        let letters: HTML = "\("Zürich 東京 🚆")"
        #expect(letters.markup == "Zürich 東京 🚆")
    }

    @Test func `a page needs nothing from elsewhere`() {
        let page = String(
            decoding: HTML.page(title: "<T>", "<h1>\("<H>")</h1>"), as: UTF8.self)
        #expect(page.hasPrefix("<!doctype html>"))
        #expect(page.contains("<title>&lt;T&gt;</title>"))
        #expect(page.contains("<h1>&lt;H&gt;</h1>"))
        #expect(page.contains("default-src 'none'"))
        for needle in ["http:", "https:", "<script", "<link", "url("] {
            #expect(!page.contains(needle), "\(needle) is in the page")
        }
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (-1000, "-1,000"), (-999, "-999"),
        (1_234_567, "1,234,567"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `counts have a comma every three digits`(count: Int, text: String) {
        #expect(count.grouped == text)
    }
}
