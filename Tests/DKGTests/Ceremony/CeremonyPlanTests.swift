import Cluster
import Ethereum
import Secp256k1
import TestSupport
import Testing

@testable import DKG

@Suite struct CeremonyPlanTests {
    private let sample: CeremonySample

    init() throws { sample = try CeremonySample(operators: 4, threshold: 3, validators: 1, seed: 1) }

    private func refusal(
        identity: PrivateKey? = nil, nickname: String = "", _ change: (inout Definition) -> Void
    ) -> String {
        var definition = sample.definition
        change(&definition)
        do throws(ClusterError) {
            _ = try CeremonyPlan(
                definition, network: .hoodi, identity: identity ?? sample.identities[0], release: .v1_10,
                nickname: nickname)
            return ""
        } catch { return "\(error)" }
    }

    @Test("what no ceremony can be held for is refused before anything is sent")
    func refused() {
        #expect(refusal { _ in } == "")
        #expect(refusal(identity: .random()) { _ in }.contains("unknown private key provided"))
        #expect(refusal { $0.threshold = 1 }.contains("threshold"))
        #expect(refusal { $0.threshold = 5 }.contains("threshold"))
        #expect(refusal { $0.validators = [] }.contains("num_validators"))
        #expect(refusal { $0.dkgAlgorithm = "magic" }.contains("unsupported dkg algorithm"))
        #expect(refusal { $0.version = .v1_5 }.contains("v1.6.0"))
        #expect(refusal { $0.operators[1] = $0.operators[0] }.contains("duplicate"))
        // One key may have signed several records.
        let other = ENR(signedBy: sample.identities[0], ip: [10, 0, 0, 1], tcp: 3610, udp: 3630).text
        #expect(refusal { $0.operators[1].enr = other }.contains("operators[1].enr: the same key"))
        #expect(refusal { $0.validators[0].withdrawal = "0x12" }.contains("withdrawal_address"))
        #expect(refusal(nickname: String(repeating: "n", count: 33)) { _ in }.contains("--nickname"))
    }
}
