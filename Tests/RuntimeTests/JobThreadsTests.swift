import Millrace
import MillraceTesting
import Testing

private struct SpinJob: Job {
    static let name = "spin"
    static func run(_ input: String, _ context: JobContext) async throws -> String { input }
}

private struct SpinPlugin: Plugin {
    static let name: PluginName = "spin"
    static let summary = "Has a job done for each file."
    static let jobs: [any Job.Type] = [SpinJob.self]
    init(settings: NoSettings) {}
    var reactions: some Reactions {
        On(FileArrived.self) { file, context -> [FileArrived] in
            _ = try await context.perform(SpinJob.self, "\(file.path)")
            return []
        }
    }
}

@Suite struct JobThreadsTests {
    private func request(_ threads: Int) -> JobRequest {
        JobRequest(
            plugin: "spin", job: "spin", cause: EventID(high: 1, low: 2), subject: .workspace,
            input: .null, threads: threads)
    }

    @Test(arguments: [(0, 8, 8), (3, 8, 3), (16, 8, 8), (1, 1, 1), (0, 0, 1)])
    func `a job keeps as many threads busy as the settings say, and no more than there are`(
        limit: Int, processors: Int, threads: Int
    ) {
        #expect(request(limit).threads(of: processors) == threads)
    }

    @Test func `the request of an older program says nothing of threads`() throws {
        guard case .object(let members) = try JSONValue(encoding: request(3)) else {
            Issue.record("a request is an object")
            return
        }
        let older = JSONValue.object(members.filter { $0.key != "threads" })
        #expect(try older.decode(JobRequest.self).threads(of: 4) == 4)
    }

    @Test func `a reaction asks for its job with the limit of the settings`() async throws {
        var settings = WorkspaceSettings()
        settings.runtime.trainingThreads = 2
        let mill = try TestMill([SpinPlugin.self], settings: settings)
        try await mill.drop("data/flights/a.csv", "x\n1\n")
        #expect(mill.world.performed.map(\.threads) == [2])
    }
}
