import Ethereum
import SSZ
import Synchronization
import Testing

@testable import ValidatorAPI

@Suite("whom validator clients want blocks to pay")
struct PaymentWishTests {
    private static let address = "0x" + String(repeating: "ab", count: 20)

    /// Bodies of both endpoints, one after another; each answer is 200.
    private static func wishes(_ requests: [(path: String, body: String)]) async throws -> [PaymentWish] {
        let heard = Mutex<[PaymentWish]>([])
        try await TestServer.with(configure: { $0.wished = { wishes in heard.withLock { $0 += wishes } } }) { server in
            for (path, body) in requests {
                let answer = try await server.post("/eth/v1/validator/\(path)", body)
                #expect(answer.status == 200 && answer.text.isEmpty)
            }
        }
        return heard.withLock { $0 }
    }

    @Test("are told by index, or by our share; others' keys and nonsense are left out")
    func told() async throws {
        let foreign = TestCluster.share(TestCluster.validatorA, 1)
        func registration(_ key: PubShare) -> String {
            let message =
                #"{"fee_recipient":"\#(Self.address)","gas_limit":"1","timestamp":"1","pubkey":"\#(key.hex)"}"#
            return #"{"message":\#(message),"signature":"0x"}"#
        }
        let address = try Bytes20(hex: Self.address)
        let wishes = try await Self.wishes([
            ("prepare_beacon_proposer", #"[{"validator_index":"7","fee_recipient":"\#(Self.address)"},{"x":1}]"#),
            ("prepare_beacon_proposer", "[]"), ("prepare_beacon_proposer", "{"),
            ("register_validator", "[\(registration(TestCluster.shareA)),\(registration(foreign))]"),
        ])
        #expect(wishes.map(\.proposer) == [.index(7), .pubKey(TestCluster.validatorA)])
        #expect(wishes.allSatisfy { $0.feeRecipient == address })
    }
}
