import SSZ

/// One operator's line in a definition. Values stay as the file has them; verification judges them.
package struct Operator: Equatable, Sendable {
    /// Ethereum account or contract, `0x` hex of any case, or empty.
    package var address = ""
    /// Node record, or empty before the operator joined.
    package var enr = ""
    /// By the account over the config hash (EIP-712); empty, 65 bytes, or a multiple of 65 by a contract's owners.
    package var configSignature: [UInt8] = []
    /// By the account over the record (EIP-712); likewise.
    package var enrSignature: [UInt8] = []
    /// Where an empty signature was written as empty text and not as `null`: up to v1.1 files tell one from the other.
    private(set) var emptyTexts: Set<Signature> = []

    enum Signature: String { case config = "config_signature", enr = "enr_signature" }

    package init(address: String = "", enr: String = "") {
        self.address = address
        self.enr = enr
    }

    init(_ value: JSONValue, _ version: FileVersion, _ path: String) throws(ClusterError) {
        let members = try JSONMembers(value, path: path)
        address = try members.string("address")
        enr = try members.string("enr")
        configSignature = try read(.config, members, version)
        enrSignature = try read(.enr, members, version)
        // Up to v1.1; never used.
        if version.byteText == .base64, try members.uint64("nonce") != 0 {
            throw .field(members.path("nonce"), "only 0 is allowed")
        }
    }

    private mutating func read(
        _ signature: Signature, _ members: JSONMembers, _ version: FileVersion
    ) throws(ClusterError) -> [UInt8] {
        let name = signature.rawValue
        let bytes = try members.bytes(name, version.byteText, bytesMax: FileLimits.signatureListBytes)
        if version.byteText == .base64, bytes.isEmpty, members.has(name) { emptyTexts.insert(signature) }
        return bytes
    }

    func json(_ version: FileVersion) -> JSONValue {
        var object = JSONObject([("address", .string(address)), ("enr", .string(enr))])
        if version.byteText == .base64 { object.append("nonce", 0) }
        for (signature, bytes) in [(Signature.config, configSignature), (.enr, enrSignature)] {
            let isNull = !emptyTexts.contains(signature)
            object.append(signature.rawValue, .bytes(bytes, version.byteText, nullIfEmpty: isNull))
        }
        return .object(object)
    }

    /// Address and both signatures blank.
    var isUnsigned: Bool { address.isEmpty && configSignature.isEmpty && enrSignature.isEmpty }
}

/// Who made the definition; wholly blank when nobody signed. Same rules as `Operator`.
package struct Creator: Equatable, Sendable {
    package var address = ""
    /// By the account over the config hash (EIP-712); as an operator's.
    package var configSignature: [UInt8] = []

    package init() {}

    init(_ members: JSONMembers) throws(ClusterError) {
        address = try members.string("address")
        configSignature = try members.hex("config_signature", bytesMax: FileLimits.signatureListBytes)
    }

    var json: JSONValue { ["address": .string(address), "config_signature": .hex(configSignature)] }

    var isBlank: Bool { address.isEmpty && configSignature.isEmpty }
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
