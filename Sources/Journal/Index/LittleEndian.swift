/// Numbers in a binary file, the lowest byte first.
enum LittleEndian {
    /// The number at an offset, which must lie within the bytes.
    static func read<Word: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ at: Int, as type: Word.Type = Word.self
    ) -> Word {
        Word(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Word.self))
    }

    static func append(_ word: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
