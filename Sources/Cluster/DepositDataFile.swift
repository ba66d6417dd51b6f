import BLS
import Ethereum
import SSZ

/// `deposit-data*.json`: what the launchpad wants, one file for each amount. Source: spec/cluster-files.md §11.
package struct DepositDataFile: Sendable {
    /// Announced by the format; tools compare it.
    private static let toolVersion = "2.7.0"

    package let amount: Gwei
    package let network: Network
    /// One for each validator.
    package let deposits: [DepositData]

    /// - Throws: unless all deposits are of this amount, and every signature holds.
    package init(_ deposits: [DepositData], amount: Gwei, network: Network) throws(ClusterError) {
        guard !deposits.isEmpty else { throw .field("deposit data", "no deposits") }
        var batch = SignatureBatch()
        for (i, deposit) in deposits.enumerated() {
            guard deposit.amount == amount else {
                throw .field("deposit data[\(i)]", "\(deposit.amount) Gwei in a file of \(amount)")
            }
            guard let key = try? PublicKey(deposit.pubKey) else {
                throw .field("deposit data[\(i)].pubkey", "not a BLS public key")
            }
            batch.add(deposit.signature, by: key, over: deposit.message.signingRoot(network.genesisForkVersion))
        }
        for (i, outcome) in batch.verify().enumerated() {
            if case .failure(let error) = outcome {
                throw .verification(field: "deposit data[\(i)].signature", "\(error)")
            }
        }
        self.deposits = deposits
        self.amount = amount
        self.network = network
    }

    /// `deposit-data.json` for 32 ETH, else `deposit-data-8eth.json`, `deposit-data-31.5eth.json`.
    package var name: String { Self.name(of: amount) }

    static func name(of amount: Gwei) -> String {
        guard amount.rawValue != DepositAmounts.ethActivation * DepositAmounts.gweiPerETH else {
            return "deposit-data.json"
        }
        let (whole, rest) = amount.rawValue.quotientAndRemainder(dividingBy: DepositAmounts.gweiPerETH)
        guard rest != 0 else { return "deposit-data-\(whole)eth.json" }
        var digits = String(String(rest + DepositAmounts.gweiPerETH).dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return "deposit-data-\(whole).\(digits)eth.json"
    }

    /// Sorted by key, hex without `0x`, amounts as numbers.
    package func encoded() -> [UInt8] {
        let items = deposits.sorted { $0.pubKey < $1.pubKey }.map(json)
        return Array(JSONValue.array(items).text(indent: " ").utf8)
    }

    private func json(_ deposit: DepositData) -> JSONValue {
        func bare(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encodeBare(bytes)) }
        return [
            "pubkey": bare(deposit.pubKey.bytes),
            "withdrawal_credentials": bare(deposit.withdrawalCredentials.bytes),
            "amount": JSONValue(deposit.amount.rawValue),
            "signature": bare(deposit.signature.bytes),
            "deposit_message_root": bare(deposit.message.hashTreeRoot().bytes),
            "deposit_data_root": bare(deposit.hashTreeRoot().bytes),
            "fork_version": bare(network.genesisForkVersion.bytes),
            "network_name": .string(network.name),
            "deposit_cli_version": .string(Self.toolVersion),
        ]
    }
}

extension DepositMessage {
    /// - Parameter address: where withdrawals go; `compounding` picks the prefix 02 over 01.
    package init(pubKey: PubKey, withdrawalAddress address: EthereumAddress, amount: Gwei, compounding: Bool) {
        let credentials = [compounding ? 2 : 1] + [UInt8](repeating: 0, count: 11) + address.bytes.bytes
        self.init(pubKey: pubKey, withdrawalCredentials: Bytes32(padding: credentials), amount: amount)
    }

    /// What the validator's key signs.
    package func signingRoot(_ genesisForkVersion: Bytes4) -> Root {
        // No chain state in the domain: valid before genesis and for ever.
        let domain = computeDomain(.deposit, version: genesisForkVersion, genesisValidatorsRoot: .zero)
        return computeSigningRoot(objectRoot: hashTreeRoot(), domain: domain)
    }

    package func signed(_ signature: SignatureBytes) -> DepositData {
        DepositData(
            pubKey: pubKey, withdrawalCredentials: withdrawalCredentials, amount: amount, signature: signature)
    }
}

extension DepositData {
    fileprivate var message: DepositMessage {
        DepositMessage(pubKey: pubKey, withdrawalCredentials: withdrawalCredentials, amount: amount)
    }
}
