import Glibc
import LinuxSystem
import Millrace
import Runtime
import Testing

extension EndToEnd {
    /// How a daemon ends, and how the next one begins.
    @Suite struct SignalTests {
        @Test(arguments: [SIGTERM, SIGINT])
        func `a signal ends an idle daemon in good order`(_ signal: CInt) async throws {
            try await Workspace.use { mill in
                try mill.start()
                try mill.signal(signal)
                #expect(try mill.waitForEnd() == .exited(0))
                let name = signal == SIGTERM ? "SIGTERM" : "SIGINT"
                #expect(try mill.facts(DaemonStopped.self).map(\.payload.reason) == [name])
                #expect(try mill.types().last == DaemonStopped.type)
            }
        }

        @Test func `a workspace has one daemon`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                let before = try mill.facts(DaemonStarted.self).count
                let second = try mill.run(["run", "--once"])
                #expect(second.code == 5, "\(second)")
                #expect(second.err.contains("another daemon has this workspace"))
                #expect(mill.isRunning)
                try mill.drop(try mill.flights("01", every: 20), at: "data/flights/a.csv")
                try mill.wait(for: DataAccepted.self)
                #expect(try mill.facts(DaemonStarted.self).count == before)
                #expect(try mill.stop() == .exited(0))
            }
        }

        @Test func `a start after a kill says so, a start after a stop does not`() async throws {
            try await Workspace.use { mill in
                try mill.start()
                try mill.kill()
                try mill.start()
                #expect(try mill.stop() == .exited(0))
                try mill.start()
                #expect(try mill.stop() == .exited(0))
                #expect(
                    try mill.facts(DaemonStarted.self).map(\.payload.afterCrash)
                        == [false, true, false])
            }
        }

        @Test func `a second signal does not wait for a training, and the next start finishes it`()
            async throws
        {
            try await Workspace.use { mill in
                let worker = try startFrozenTraining(mill, drain: "1h")
                try mill.signal(SIGTERM)
                try waitUntil("the daemon drains") {
                    try mill.text("daemon.log").contains("finishing what runs")
                }
                #expect(mill.isRunning)
                try mill.signal(SIGTERM)
                #expect(try mill.waitForEnd() == .exited(1))
                #expect(try mill.facts(DaemonStopped.self).isEmpty)
                try finish(mill, worker)
                #expect(try mill.facts(DaemonStarted.self).map(\.payload.afterCrash).last == true)
            }
        }

        @Test func `a training that takes longer than the drain goes on without a daemon`()
            async throws
        {
            try await Workspace.use { mill in
                let worker = try startFrozenTraining(mill, drain: "200ms")
                #expect(try mill.stop() == .exited(0))
                #expect(try mill.types().last == DaemonStopped.type)
                #expect(ChildProcess.startTime(of: worker) != nil)
                try finish(mill, worker)
                #expect(try mill.facts(DaemonStarted.self).map(\.payload.afterCrash).last == false)
            }
        }

        /// Starts a daemon, and a training whose process is stopped: it takes as long as one likes.
        private func startFrozenTraining(_ mill: Workspace, drain: String) throws -> pid_t {
            let settings = try mill.text("millrace.json")
                .changing("logistic-regression", to: "boosted-trees")
                .changing("pipelines: \\{", to: "runtime: { drain: \"\(drain)\" }, pipelines: {")
            try mill.drop(settings, at: "millrace.json")
            try mill.start()
            try mill.drop(try mill.flights("01", every: 2), at: "data/flights/a.csv")
            try mill.wait(for: RunStarted.self)
            var worker: pid_t?
            try waitUntil("the training has a process") {
                worker = mill.jobFolders.lazy.compactMap(\.worker).first
                return worker != nil
            }
            let pid = try #require(worker)
            kill(pid, SIGSTOP)
            #expect(try mill.facts(RunCompleted.self).isEmpty)
            return pid
        }

        /// Starts a daemon again, and lets the training go on.
        private func finish(_ mill: Workspace, _ worker: pid_t) throws {
            try mill.start()
            #expect(ChildProcess.startTime(of: worker) != nil, "the training was begun anew")
            kill(worker, SIGCONT)
            try mill.wait(for: StageChecked.self) { $0.stage == "production" }
            #expect(try mill.stop() == .exited(0))
            #expect(try mill.facts(RunStarted.self).count == 1)
            #expect(try mill.notExactlyOnce(RunStarted.self, RunCompleted.self) == [])
            #expect(
                try mill.notExactlyOnce(DeploymentPlanned.self, DeploymentCompleted.self) == [])
            #expect(try mill.handledTwice() == [])
            #expect(mill.jobFolders.isEmpty)
        }
    }
}
