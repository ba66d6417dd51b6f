import Cluster
import Ethereum
import SSZ
import Testing

@testable import Cosigning

@Suite("where withdrawals go")
struct WithdrawalTargetTests {
    private static let account = "000000000000000000000000000000000000dead"
    private static let zeros = String(repeating: "0", count: 22)

    @Test(
        "an address becomes credentials of the cluster's kind, credentials stay as they are",
        arguments: [
            ("0x000000000000000000000000000000000000dEaD", false, "01"), ("0x" + account, true, "02"),
            (account, false, "01"), ("0X" + account.uppercased(), false, "01"),
            ("0x01" + zeros + account, true, "01"), ("02" + zeros + account, false, "02"),
        ])
    func takes(text: String, compounding: Bool, prefix: String) throws {
        let target = try WithdrawalTarget(text, compounding: compounding, network: .mainnet)
        #expect(target.credentials.hex == "0x" + prefix + Self.zeros + Self.account)
        #expect(target.address.checksummed == "0x000000000000000000000000000000000000dEaD")
        #expect(target.isCompounding == (prefix == "02"))
    }

    @Test(
        "what is neither, and what a typo would make of an address, is refused",
        arguments: [
            ("", "has 0 bytes"), ("0x12", "has 1 bytes"), ("soon", "not a hex digit"),
            ("0x000000000000000000000000000000000000dEad", "write 0x000000000000000000000000000000000000dEaD"),
            ("0x" + String(repeating: "ab", count: 33), "more than 32 bytes"),
            ("0x00" + zeros + account, "no withdrawal credentials of an account"),
            ("0x03" + zeros + account, "no withdrawal credentials of an account"),
            ("0x0100000000000000000000ff" + account, "no withdrawal credentials of an account"),
            ("0x" + String(repeating: "0", count: 40), "the stake would be lost"),
            ("0x01" + zeros + String(repeating: "0", count: 40), "the stake would be lost"),
        ])
    func refuses(text: String, reason: String) {
        let error = #expect(throws: ClusterError.self) {
            try WithdrawalTarget(text, compounding: false, network: .mainnet)
        }
        #expect(
            error?.description.contains(reason) == true && error?.description.contains("--withdrawal-addresses") == true
        )
    }
}
