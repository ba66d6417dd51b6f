import Program
import Testing

@Suite("what this program calls itself")
struct BuildInfoTests {
    @Test("the version that validator clients read has Charon's form: prefix, version, processor and system")
    func nodeVersion() {
        #expect(BuildInfo.nodeVersion.wholeMatch(of: /obolnetwork\/charon\/[^\/]+\/[a-z0-9_]+-[a-z]+/) != nil)
    }
}
