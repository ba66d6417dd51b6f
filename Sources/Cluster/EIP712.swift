import SSZ
import Secp256k1

/// The typed-data digests that operators and creators sign with their Ethereum accounts.
///
/// Values are signed as text, also the config hash. Source: spec/cluster-files.md §8.
package enum EIP712: Sendable {
    case creatorConfigHash(String)
    /// From v1.4.
    case operatorConfigHash(String)
    /// What operators signed in v1.3.
    case configHash(String)
    case enr(String)
    /// Of Obol's services. Binds to no chain.
    case termsAndConditions

    /// keccak256(19 01 ‖ domain ‖ message). `chainID` is the one of the definition's network.
    package func digest(chainID: UInt64) -> Bytes32 {
        keccak256([0x19, 0x01] + domain(chainID).bytes + Self.hash(type: type, values: values).bytes)
    }

    private func domain(_ chainID: UInt64) -> Bytes32 {
        let values = [Self.encode("Obol"), Self.encode("1")]
        if case .termsAndConditions = self {
            return Self.hash(type: "EIP712Domain(string name,string version)", values: values)
        }
        return Self.hash(
            type: "EIP712Domain(string name,string version,uint256 chainId)", values: values + [Self.encode(chainID)])
    }

    private var type: String {
        switch self {
        case .creatorConfigHash: "CreatorConfigHash(string creator_config_hash)"
        case .operatorConfigHash: "OperatorConfigHash(string operator_config_hash)"
        case .configHash: "ConfigHash(string config_hash)"
        case .enr: "ENR(string enr)"
        case .termsAndConditions: "TermsAndConditions(string terms_and_conditions_hash,uint256 version)"
        }
    }

    private var values: [[UInt8]] {
        switch self {
        case .creatorConfigHash(let text), .operatorConfigHash(let text), .configHash(let text), .enr(let text):
            [Self.encode(text)]
        case .termsAndConditions:
            [Self.encode("0xd33721644e8f3afab1495a74abe3523cec12d48b8da6cb760972492ca3f1a273"), Self.encode(1)]
        }
    }

    private static func hash(type: String, values: [[UInt8]]) -> Bytes32 {
        keccak256(keccak256(type.utf8).bytes + values.flatMap { $0 })
    }

    private static func encode(_ text: String) -> [UInt8] { keccak256(text.utf8).bytes }

    private static func encode(_ value: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: 24) + withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
