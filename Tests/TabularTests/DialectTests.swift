import Testing

@testable import Tabular

@Test(arguments: [
    ("plain", "a,b\n1,2\n3,4\n"),
    ("carriage returns", "a,b\r\n1,2\r\n3,4\r\n"),
    ("mixed line ends", "a,b\r\n1,2\n3,4\r\n"),
    ("old Macintosh", "a,b\r1,2\r3,4\r"),
    ("no last line end", "a,b\n1,2\n3,4"),
    ("byte order mark", "\u{FEFF}a,b\n1,2\n3,4\n"),
    ("semicolons", "a;b\n1;2\n3;4\n"),
    ("tabs", "a\tb\n1\t2\n3\t4\n"),
    ("bars", "a|b\n1|2\n3|4\n"),
    ("announced delimiter", "sep=;\na;b\n1;2\n3;4\n"),
    ("blank lines", "\n\na,b\n\n1,2\n\r\n3,4\n\n"),
    ("all in quotes", "\"a\",\"b\"\n\"1\",\"2\"\r\n\"3\",\"4\""),
])
func `a table is the same however it is written`(name: String, text: String) throws {
    #expect(try rows(text) == [["a", "b"], ["1", "2"], ["3", "4"]], "\(name)")
}

@Test func `quotes hold delimiters, line ends and quotes`() throws {
    let text = "a,b\n\"x,y\",\"l1\r\nl2\"\n\"say \"\"hi\"\"\",\"\"\n\"\"\"\",z\n"
    let expected = [["a", "b"], ["x,y", "l1\r\nl2"], ["say \"hi\"", ""], ["\"", "z"]]
    #expect(try rows(text) == expected)
}

@Test func `a blank line is an empty field where there is one column`() throws {
    #expect(try rows("a\n1\n\n2\n") == [["a"], ["1"], [""], ["2"]])
}

@Test func `a delimiter inside quotes does not decide the dialect`() throws {
    #expect(try rows("\"a,x\";b\n\"1,2,3\";2\n")[0] == ["a,x", "b"])
}

@Test func `a bad quote costs its own row alone`() throws {
    let unclosed = "a,b\n1,\"x\n2,y\n3,\"z\"\n4,w\n"
    #expect(
        try rows(unclosed) == [["a", "b"], ["!strayQuote"], ["2", "y"], ["3", "z"], ["4", "w"]])
    let toTheEnd = "a,b\n1,\"x\n2,y\n"
    #expect(try rows(toTheEnd) == [["a", "b"], ["!unclosedQuote"], ["2", "y"]])
    let stray = "a,b\n1,5\" pipe\n2,\"y\"z\n3,w\n"
    #expect(try rows(stray) == [["a", "b"], ["!strayQuote"], ["!strayQuote"], ["3", "w"]])
}

@Test func `zero bytes and other encodings are refused by row`() throws {
    var text = Array("a,b\n1,x\n2,".utf8)
    text += [0xE9, 0x0A]
    text += Array("3,".utf8) + [0, 0x0A] + Array("4,é\n".utf8)
    #expect(
        try rows(text) == [["a", "b"], ["1", "x"], ["!encoding"], ["!zeroByte"], ["4", "é"]])
    let report = try validate(.bytes(text)).report
    let place = try #require(report.violations.first { $0.rule == .encoding }?.occurrences.first)
    #expect(place.line == 3 && place.row == 2 && place.byteOffset == 10)
}

@Test func `UTF-16 is refused as a whole`() throws {
    for mark in [[0xFF, 0xFE] as [UInt8], []] {
        let bytes = mark + "a,b\n1,2\n3,4\n5,6\n".utf16.flatMap { [UInt8($0 & 255), 0] }
        let report = try validate(.bytes(bytes)).report
        #expect(!report.isAccepted)
        #expect(report.violations.map(\.rule) == [.readable])
        #expect(report.summary.contains("UTF-16"))
    }
}

@Test func `records survive every boundary of the buffer`() throws {
    // Rows of all lengths, so that quotes and line ends fall on the edge of the window.
    var text = "a,b\r\n"
    var expected = [["a", "b"]]
    var random = SeededGenerator(5)
    for index in 0..<9_000 {
        let filler = String(repeating: "x", count: Int(random.next() % 70))
        text += "\(index),\"\(filler)\"\"\n\"\r\n"
        expected.append(["\(index)", "\(filler)\"\n"])
    }
    #expect(text.utf8.count > 1 << 18)
    #expect(try rows(text) == expected)
}

@Test func `JSON lines give the same rows`() throws {
    let csv = try profile("a,b,c\n1,x,true\n2.5,NA,false\n")
    let lines = """
        {"a": 1, "b": "x", "c": true}

        {"c": false, "a": 2.5}

        """
    let options = ValidationOptions(read: ReadOptions(format: .jsonLines))
    let result = try validate(input(lines), options: options)
    #expect(result.report.isAccepted)
    #expect(result.profile == csv)
    let bad = try validate(input("{\"a\":1}\n{\"b\":1}\n{\"a\":[1]}\n{\"a\":\n"), options: options)
    #expect(bad.report.violations.map(\.rule) == [.json])
    #expect(bad.report.violations.first?.occurrences.map(\.line) == [2, 3, 4])
}
