import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@Suite struct DepositDataFileTests {
    static let golden = "cluster/charon/eth2util/deposit/testdata/TestMarshalDepositData.golden"

    @Test("writes Charon's golden file byte for byte", .enabled(if: Vectors.has(golden)))
    func goldenFile() throws {
        let bytes = try Vectors.data(Self.golden)
        var deposits: [DepositData] = []
        for item in try #require(JSONValue(parsing: bytes).array) {
            deposits.append(
                DepositData(
                    pubKey: try PubKey(hex: text(item, "pubkey")),
                    withdrawalCredentials: try Bytes32(hex: text(item, "withdrawal_credentials")),
                    amount: Gwei(try #require(item["amount"]?.integer)),
                    signature: try SignatureBytes(hex: text(item, "signature"))))
        }
        let file = try DepositDataFile(deposits.reversed(), amount: Gwei(32_000_000_000), network: .goerli)
        #expect(file.encoded() == bytes)
        #expect(file.name == "deposit-data.json")
        // Signatures bind to the network.
        #expect(throws: ClusterError.self) {
            try DepositDataFile(deposits, amount: Gwei(32_000_000_000), network: .mainnet)
        }
    }

    @Test(
        "names carry the amount",
        arguments: [
            (32_000_000_000, "deposit-data.json"), (1_000_000_000, "deposit-data-1eth.json"),
            (31_500_000_000, "deposit-data-31.5eth.json"), (2_048_000_000_000, "deposit-data-2048eth.json"),
            (1_000_000_001, "deposit-data-1.000000001eth.json"),
        ] as [(UInt64, String)])
    func names(amount: UInt64, name: String) throws {
        #expect(try DepositDataFile([deposit(amount)], amount: Gwei(amount), network: .mainnet).name == name)
    }

    @Test("refuses no deposits, other amounts, and signatures that do not hold")
    func refuses() throws {
        let amount = Gwei(1_000_000_000)
        #expect(throws: ClusterError.self) { try DepositDataFile([], amount: amount, network: .mainnet) }
        #expect(throws: ClusterError.self) {
            try DepositDataFile([deposit(1_000_000_000), deposit(2_000_000_000)], amount: amount, network: .mainnet)
        }
        var changed = try deposit(1_000_000_000)
        changed.withdrawalCredentials[31] ^= 1
        let error = #expect(throws: ClusterError.self) {
            try DepositDataFile([deposit(1_000_000_000), changed], amount: amount, network: .mainnet)
        }
        #expect(error?.description.contains("deposit data[1].signature") == true)
    }

    private func deposit(_ amount: UInt64) throws -> DepositData {
        var generator = SeededGenerator(seed: amount)
        let key = SecretKey.random(using: &generator)
        let address = try #require(EthereumAddress(Samples.address))
        let message = DepositMessage(
            pubKey: key.publicKey.bytes, withdrawalAddress: address, amount: Gwei(amount), compounding: false)
        return DepositData(
            pubKey: message.pubKey, withdrawalCredentials: message.withdrawalCredentials, amount: message.amount,
            signature: key.sign(message.signingRoot(.zero)).bytes)
    }

    private func text(_ item: JSONValue, _ name: String) throws -> String { try #require(item[name]?.string) }
}
