import Ethereum
import Testing
import ValidatorAPI

@Suite("Keys")
struct KeyTranslationTests {
    @Test("every own share belongs to its validator and back")
    func own() throws {
        for validator in [TestCluster.validatorA, TestCluster.validatorB] {
            let share = try #require(TestCluster.keys.share(of: validator))
            #expect(share == TestCluster.share(validator, 2))
            #expect(try TestCluster.keys.validator(of: share) == validator)
        }
        #expect(TestCluster.keys.share(of: TestCluster.stranger) == nil)
    }

    @Test("other keys are unknown, others' shares are told apart")
    func others() {
        #expect(throws: KeyFault.unknown(TestCluster.stranger)) {
            try TestCluster.keys.validator(of: TestCluster.stranger)
        }
        #expect(throws: KeyFault.unknown(TestCluster.validatorA)) {
            try TestCluster.keys.validator(of: TestCluster.validatorA)
        }
        for holder in [1, 3] {
            let share = TestCluster.share(TestCluster.validatorB, holder)
            let fault = #expect(throws: KeyFault.self) { try TestCluster.keys.validator(of: share) }
            #expect("\(String(describing: fault))".contains("M=\(holder), N=2"))
        }
    }
}
