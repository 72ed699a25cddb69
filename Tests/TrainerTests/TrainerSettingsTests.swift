import Millrace
import Testing
import Trainer

@Suite struct TrainerSettingsTests {
    @Test func `a seed that no record can hold is refused`() {
        var settings = TrainerSettings()
        for (seed, count) in [(UInt64(Int64.max), 0), (UInt64(Int64.max) + 1, 1), (UInt64.max, 1)] {
            settings.seed = seed
            var issues = SettingsIssues()
            settings.validate(into: &issues)
            #expect(issues.list.count == count)
        }
    }

    @Test func `the defaults are valid settings`() throws {
        #expect(TrainerPlugin.Settings().examples == 20)
        #expect(TrainerPlugin.Settings.help.keys.contains("examples"))
    }
}
