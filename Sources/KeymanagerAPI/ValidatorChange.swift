import Ethereum
import SSZ

/// A setting's new value, from the body of a request. Source: ethereum/keymanager-APIs, `fee_recipient.yaml`,
/// `gas_limit.yaml`, `graffiti.yaml`.
package enum ValidatorChange: Hashable, Sendable {
    /// Never zero: what that is paid is lost.
    case feeRecipient(Bytes20)
    /// Above zero.
    case gasLimit(UInt64)
    /// At most as many bytes as a block has room for.
    case graffiti(String)

    static let graffitiBytesMax = 32

    init(_ setting: ValidatorSetting, _ json: JSONValue) throws(KeymanagerFault) {
        func text(_ name: String) throws(KeymanagerFault) -> String {
            guard let text = json[name]?.string else {
                throw KeymanagerFault(400, "the body has no text \(name)")
            }
            return text
        }
        switch setting {
        case .feeRecipient:
            let hex = try text("ethaddress")
            guard hex.hasPrefix("0x"), let address = try? Bytes20(hex: hex) else {
                throw KeymanagerFault(400, "ethaddress is not 0x and 40 hex digits")
            }
            guard address != .zero else {
                throw KeymanagerFault(400, "ethaddress is the zero address: what it is paid is lost")
            }
            self = .feeRecipient(address)
        case .gasLimit:
            guard let limit = UInt64(decimal: try text("gas_limit")), limit > 0 else {
                throw KeymanagerFault(400, "gas_limit is no number above zero, of 64 bits, as text")
            }
            self = .gasLimit(limit)
        case .graffiti:
            let graffiti = try text("graffiti")
            guard graffiti.utf8.count <= Self.graffitiBytesMax else {
                throw KeymanagerFault(
                    400, "graffiti has \(graffiti.utf8.count) bytes; a block has room for \(Self.graffitiBytesMax)")
            }
            self = .graffiti(graffiti)
        }
    }
}
