/// Where the rows of a table lie in its file, for taking the file apart byte for byte.
///
/// - Parameter body: is given each row that can be read: its bytes, line end included, and the
///   `StableHash` of its bytes without the line end.
/// - Returns: the bytes before the first row: the header, if the format has one.
/// - Throws: `TabularError` when the input is no table.
package func forEachRow(
    of input: TabularInput, options: ReadOptions = ReadOptions(),
    _ body: (Range<Int>, UInt64) -> Void
) throws(TabularError) -> Range<Int> {
    let reader = try makeReader(input, options: options, wantsHashes: true)
    // The first line of JSON Lines names the columns and is a row too.
    let header = options.format == .jsonLines ? 0..<0 : 0..<reader.bytesRead
    while let record = try reader.next() {
        guard !record.isDefective, record.count == reader.columnNames.count else { continue }
        let end = max(record.byteOffset, reader.bytesRead)
        body(record.byteOffset..<end, record.hash)
    }
    return header
}
