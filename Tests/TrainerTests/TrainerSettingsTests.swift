import Millrace
import Testing
import Trainer

@Suite struct TrainerSettingsTests {
    @Test func `the defaults are valid settings`() throws {
        #expect(TrainerPlugin.Settings().examples == 20)
        #expect(TrainerPlugin.Settings.help.keys.contains("examples"))
    }
}
