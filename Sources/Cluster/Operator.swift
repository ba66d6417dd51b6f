import SSZ
import Secp256k1

/// One operator's line in a definition. Values stay as the file has them; verification judges them.
package struct Operator: Equatable, Sendable {
    /// Ethereum account, `0x` hex of any case, or empty.
    package var address = ""
    /// Node record, or empty before the operator joined.
    package var enr = ""
    /// By the account over the config hash (EIP-712); 65 bytes or empty.
    package var configSignature: [UInt8] = []
    /// By the account over the record (EIP-712); 65 bytes or empty.
    package var enrSignature: [UInt8] = []

    package init(address: String = "", enr: String = "") {
        self.address = address
        self.enr = enr
    }

    init(_ value: JSONValue, _ path: String) throws(ClusterError) {
        let members = try JSONMembers(value, path: path)
        address = try members.string("address")
        enr = try members.string("enr")
        configSignature = try members.hex("config_signature", bytesMax: FileLimits.k1SignatureBytes)
        enrSignature = try members.hex("enr_signature", bytesMax: FileLimits.k1SignatureBytes)
    }

    var json: JSONValue {
        [
            "address": .string(address), "enr": .string(enr), "config_signature": .hex(configSignature),
            "enr_signature": .hex(enrSignature),
        ]
    }

    /// Address and both signatures blank.
    var isUnsigned: Bool { address.isEmpty && configSignature.isEmpty && enrSignature.isEmpty }
}

/// Who made the definition; wholly blank when nobody signed. Same rules as `Operator`.
package struct Creator: Equatable, Sendable {
    package var address = ""
    /// By the account over the config hash (EIP-712); 65 bytes or empty.
    package var configSignature: [UInt8] = []

    package init() {}

    init(_ members: JSONMembers) throws(ClusterError) {
        address = try members.string("address")
        configSignature = try members.hex("config_signature", bytesMax: FileLimits.k1SignatureBytes)
    }

    var json: JSONValue { ["address": .string(address), "config_signature": .hex(configSignature)] }
}

/// Where one validator's fees and withdrawals go. `0x` hex of any case, kept as written.
package struct ValidatorAddresses: Equatable, Sendable {
    package var feeRecipient: String
    package var withdrawal: String

    package init(feeRecipient: String, withdrawal: String) {
        self.feeRecipient = feeRecipient
        self.withdrawal = withdrawal
    }

    init(_ value: JSONValue, _ path: String) throws(ClusterError) {
        let members = try JSONMembers(value, path: path)
        feeRecipient = try members.string("fee_recipient_address")
        withdrawal = try members.string("withdrawal_address")
    }

    var json: JSONValue {
        ["fee_recipient_address": .string(feeRecipient), "withdrawal_address": .string(withdrawal)]
    }
}
