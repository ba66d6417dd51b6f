import SSZ
import Secp256k1

/// The typed-data digests that operators and creators sign with their Ethereum accounts.
///
/// Values are signed as text, also the config hash. Source: spec/cluster-files.md §8.
package enum EIP712 {
    case creatorConfigHash(String)
    case operatorConfigHash(String)
    case enr(String)

    /// keccak256(19 01 ‖ domain ‖ message). `chainID` is the one of the definition's network.
    package func digest(chainID: UInt64) -> Bytes32 {
        let domain = Self.hash(
            type: "EIP712Domain(string name,string version,uint256 chainId)",
            values: [Self.encode("Obol"), Self.encode("1"), Self.encode(chainID)])
        return keccak256([0x19, 0x01] + domain.bytes + Self.hash(type: type, values: [Self.encode(text)]).bytes)
    }

    private var type: String {
        switch self {
        case .creatorConfigHash: "CreatorConfigHash(string creator_config_hash)"
        case .operatorConfigHash: "OperatorConfigHash(string operator_config_hash)"
        case .enr: "ENR(string enr)"
        }
    }

    private var text: String {
        switch self {
        case .creatorConfigHash(let text), .operatorConfigHash(let text), .enr(let text): text
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
