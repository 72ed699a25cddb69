import Millrace
import Tabular

/// What the name of a dropped file says about it.
enum DropName: Equatable {
    /// A table, most likely in this format.
    case table(TabularFormat)
    /// Not data: a note for people, or a marker of a batch.
    case note
    /// No table that can be read; the sentence says what to do.
    case unreadable(String)

    init(_ path: WorkspacePath) {
        let name = DropName.lastComponent(path)
        let text = String(decoding: name, as: UTF8.self).lowercased()
        let stem = text.prefix { $0 != "." }
        if text.hasPrefix(".") || stem == "readme" || text == "_success" {
            self = .note
            return
        }
        let suffix = text.lastIndex(of: ".").map { String(text[$0...]) } ?? ""
        switch suffix {
        case ".csv", ".tsv", ".txt": self = .table(.csv())
        case ".jsonl", ".ndjson": self = .table(.jsonLines)
        default: self = .unreadable(DropName.advice(for: suffix))
        }
    }

    private static func lastComponent(_ path: WorkspacePath) -> ArraySlice<UInt8> {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))
        return path.bytes[(slash.map { $0 + 1 } ?? 0)...]
    }

    private static let known = "CSV (.csv, .tsv, .txt) or JSON Lines (.jsonl, .ndjson)"

    private static func advice(for suffix: String) -> String {
        switch suffix {
        case ".gz", ".zst", ".xz", ".bz2", ".zip", ".7z", ".tar", ".tgz":
            return "it is packed: unpack it and drop what is inside, as \(known)"
        case ".parquet", ".feather", ".arrow", ".orc", ".avro", ".xlsx", ".xls", ".ods", ".sqlite":
            return "tables of the kind \(suffix) are not read: export it as \(known)"
        case ".json":
            return "a whole JSON document is not read: write one object a line and name it .jsonl"
        case "":
            return "its name has no ending that says what it is: data are read from \(known)"
        default:
            return "a name that ends in \(suffix) is no table: data are read from \(known)"
        }
    }

    /// The last component with all but plain characters replaced, at most 80 bytes: a name for a
    /// folder that every shell and browser can open.
    static func plain(_ path: WorkspacePath) -> String {
        let plain = lastComponent(path).suffix(80).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                byte
            default: UInt8(ascii: "_")
            }
        }
        let name = String(decoding: plain, as: UTF8.self)
        // Dots alone, or in front, would name the folder itself or hide the file.
        return name.hasPrefix(".") ? "_" + name.dropFirst() : name
    }
}
