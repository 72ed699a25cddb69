import Checksums
import Glibc
import LinuxSystem
import Millrace
import Testing

extension EndToEnd {
    /// The folders that servers load from are open to others; the journal decides what is live.
    @Suite struct StageLinkTests {
        @Test func `a link that was taken away or bent is found, and put back at the start`()
            async throws
        {
            try await Workspace.use { mill in
                try mill.drop(try mill.flights("01", every: 10), at: "data/flights/a.csv")
                try mill.start()
                try mill.wait(for: StageChecked.self) { $0.stage == "production" }
                try #require(try mill.run(["sync", "--idle"]).code == 0)
                #expect(try !mill.run(["status"]).out.contains("which is live there"))
                #expect(try mill.run(["doctor"]).out.contains("2 links as the journal says"))

                let staging = mill.root.appending("deployments/staging/delays")
                try Files.unlink(staging)
                let production = mill.root.appending("deployments/production/delays")
                try Files.unlink(production)
                _ = production.withCString { symlink("/etc", $0) }
                try Files.unlink(mill.root.appending("models/delays/1/model.json"))
                let status = try mill.run(["status"]).out
                #expect(status.contains("staging has not delays v1, which is live there"))
                #expect(status.contains("production has not delays v1, which is live there"))
                let doctor = try mill.run(["doctor"])
                #expect(doctor.code == 1)
                #expect(doctor.out.contains("deployments/staging/delays is gone"))

                try mill.kill()
                try mill.start()
                let restored = try mill.facts(DeploymentRestored.self).map(\.payload)
                #expect(restored.map(\.stage) == ["staging", "production"])
                #expect(restored.first?.finding == "deployments/staging/delays is gone")
                #expect(mill.link("deployments/production/delays") == "../../models/delays/1")
                #expect(mill.link("deployments/staging/delays") == "../../models/delays/1")
                let model = mill.root.appending("deployments/production/delays/model.json")
                let bytes = try Files.read(model, limit: 1 << 20, followsLinks: true)
                let digest = Digest(words: SHA256.hash(bytes).words)
                #expect(digest == restored.first?.artifact)
                #expect(try mill.run(["doctor"]).out.contains("2 links as the journal says"))

                // Nothing is put back that is where it belongs.
                try mill.kill()
                try mill.start()
                #expect(try mill.facts(DeploymentRestored.self).count == 2)
            }
        }
    }
}
