import DutyWorkflow
import Program
import Testing

@testable import Node

@Suite("what a node says it is")
struct AnnouncementTests {
    @Test("the version that peers are told is the newest that info-sync offers them")
    func version() throws {
        let version = try #require(CharonVersion(BuildInfo.charonVersion))
        #expect(version.minorText == CharonVersion.supportedMinors.first)
        #expect(version == .v1_11)
    }
}
