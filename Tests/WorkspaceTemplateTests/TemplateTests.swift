import Glibc
import LinuxSystem
import Millrace
import Testing
import WorkspaceTemplate

@Suite struct TemplateTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3)
        .reduce("") { $0 + "/" + $1 } + "/workspace-template/"

    private func file(_ path: String) throws -> TemplateFile {
        try #require(TemplateFile.all.first { $0.path == path })
    }

    @Test func `what is embedded is what lies in the folder`() throws {
        #expect(TemplateFile.all.map(\.path) == TemplateFile.all.map(\.path).sorted())
        for file in TemplateFile.all {
            let descriptor = try FileDescriptor.open(FilePath(Self.folder + file.path), O_RDONLY)
            let isSame = try descriptor.readAll(limit: 1 << 24) == file.bytes
            #expect(isSame, "\(file.path)")
            #expect((try descriptor.status().mode & 0o100 != 0) == file.isExecutable)
        }
    }

    @Test func `the settings are valid and say what the model is`() throws {
        let document = try JSON5Document(parsing: try file("millrace.json").bytes)
        let (settings, issues) = checkSettings(
            WorkspaceSettings.self, value: document.value, document: document)
        #expect(issues.map(\.description) == [])
        let pipeline = try #require(settings?.pipelines["delays"])
        #expect(pipeline.dataset == "flights")
        #expect(pipeline.target.above == 15)
        #expect(TemplateFile.all.contains { $0.path == "data/flights/.about" })
    }

    @Test func `no file of the template would be taken for a drop`() {
        for file in TemplateFile.all where !["millrace.json"].contains(file.path) {
            let parts = file.path.split(separator: "/")
            let isHidden = parts.last?.first == "."
            #expect(isHidden || ["sample", "systemd"].contains(parts[0]), "\(file.path)")
        }
    }

    @Test func `the sample is small, and each file is what its name says`() throws {
        let samples = TemplateFile.all.filter { $0.path.hasSuffix(".csv") }
        #expect(
            samples.map(\.path) == [
                "sample/flights-2013-01.csv", "sample/flights-2013-02.csv",
                "sample/flights-2013-03-damaged.csv", "sample/flights-2013-09.csv",
            ])
        #expect(samples.reduce(0) { $0 + $1.withBytes { $0.count } } <= 2_400_000)
        let newline = UInt8(ascii: "\n")
        for sample in samples {
            let (rows, isComplete, start) = sample.withBytes { bytes in
                (
                    bytes.count { $0 == newline }, bytes.last == newline,
                    String(decoding: bytes.prefix(9), as: UTF8.self)
                )
            }
            let isDamaged = sample.path.contains("damaged")
            #expect(start == "year,mont")
            #expect(isComplete != isDamaged)
            #expect(rows >= (isDamaged ? 2500 : 4001))
        }
    }

    @Test func `the unit keeps trainings alive and speaks to systemd`() throws {
        let unit = String(decoding: try file("systemd/millrace.service").bytes, as: UTF8.self)
        let lines = Set(unit.split(separator: "\n").map(String.init))
        for line in ["Type=notify", "WatchdogSec=20s", "KillMode=process", "PrivateUsers=no"] {
            #expect(lines.contains(line))
        }
    }
}
