/// A layout of definition and lock files: which members stand in which order, and what enters which hash.
///
/// One case for each supported `version` text. What differs between versions is data in this file; reading, writing,
/// hashing and verifying ask it. Source: spec/cluster-files.md §3, §4.1, §6.
package enum FileVersion: String, CaseIterable, Sendable {
    case v1_0 = "v1.0.0"
    case v1_1 = "v1.1.0"
    case v1_2 = "v1.2.0"
    case v1_3 = "v1.3.0"
    case v1_4 = "v1.4.0"
    case v1_5 = "v1.5.0"
    case v1_6 = "v1.6.0"
    case v1_7 = "v1.7.0"
    case v1_8 = "v1.8.0"
    case v1_9 = "v1.9.0"
    case v1_10 = "v1.10.0"
    case v1_11 = "v1.11.0"

    /// What `create cluster` and `create dkg` write unless asked for another.
    package static let current = FileVersion.v1_10

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    package init(name: String) throws(ClusterError) {
        guard let version = FileVersion(rawValue: name) else { throw .unsupportedVersion(name) }
        self = version
    }
}

// MARK: What came when

extension FileVersion {
    /// Operators sign with their accounts (EIP-712).
    package var hasAccountSignatures: Bool { self >= .v1_3 }
    package var hasCreator: Bool { self >= .v1_4 }
    /// Fee recipient and withdrawal address of each validator; before, one pair for all.
    package var hasValidatorAddresses: Bool { self >= .v1_5 }
    /// Key ceremonies accept it.
    package var hasDeposits: Bool { self >= .v1_6 }
    package var hasRegistrations: Bool { self >= .v1_7 }
    /// By the identity keys over the lock hash.
    package var hasNodeSignatures: Bool { self >= .v1_7 }
    /// Deposits for several amounts, and the choice of them.
    package var hasPartialDeposits: Bool { self >= .v1_8 }
    package var hasConsensusProtocol: Bool { self >= .v1_9 }
    /// And withdrawal credentials 02.
    package var hasTargetGasLimit: Bool { self >= .v1_10 }
    /// Signatures of contracts: of several owners, one after another.
    package var hasSignatureLists: Bool { self >= .v1_11 }
    /// A lock without the signatures of the key shares is fine.
    var allowsNoAggregate: Bool { self <= .v1_1 }

    /// How signatures, hashes and shares are written.
    var byteText: ByteText { self <= .v1_1 ? .base64 : .hex }

    var hashStyle: HashStyle {
        if self <= .v1_2 { return .text }
        return self <= .v1_4 ? .raw : .fixed
    }

    /// The type that an operator signs the config hash as.
    func operatorMessage(configHash text: String) -> EIP712 {
        self == .v1_3 ? .configHash(text) : .operatorConfigHash(text)
    }

    /// None is always fine: whether one must be there is another question.
    func allowsSignature(byteCount: Int) -> Bool {
        let one = FileLimits.k1SignatureBytes
        if byteCount == 0 || byteCount == one { return true }
        return hasSignatureLists && byteCount.isMultiple(of: one) && byteCount <= FileLimits.signatureListBytes
    }

    /// Amounts signed when the definition names none, in ETH, ascending.
    func defaultDepositAmounts(compounding: Bool) -> [UInt64] {
        guard hasPartialDeposits else { return [32] }
        return compounding ? [1, 8, 32, 256] : [1, 32]
    }
}

/// How short byte strings stand in the JSON.
enum ByteText { case hex, base64 }

/// How the fields of definition and lock become leaves of the hash.
enum HashStyle {
    /// Addresses, fork version and keys as their text; lists are as long as they are.
    case text
    /// Bytes; an empty string adds no leaf. Lists have limits.
    case raw
    /// Bytes of fixed count: zeros when empty.
    case fixed
}

// MARK: Members and hashed fields

/// A part of the definition, under its name in the file. The cases stand in the order they are written.
enum DefinitionField: String, CaseIterable {
    case name, creator, operators, uuid, version, timestamp
    case numValidators = "num_validators"
    case threshold
    case feeRecipient = "fee_recipient_address"
    case withdrawal = "withdrawal_address"
    case validators
    case dkgAlgorithm = "dkg_algorithm"
    case forkVersion = "fork_version"
    case depositAmounts = "deposit_amounts"
    case consensusProtocol = "consensus_protocol"
    case targetGasLimit = "target_gas_limit"
    case compounding
    case configHash = "config_hash"
    case definitionHash = "definition_hash"

    func isMember(of version: FileVersion) -> Bool {
        switch self {
        case .creator: version.hasCreator
        case .feeRecipient, .withdrawal: !version.hasValidatorAddresses
        case .validators: version.hasValidatorAddresses
        case .depositAmounts: version.hasPartialDeposits
        case .consensusProtocol: version.hasConsensusProtocol
        case .targetGasLimit, .compounding: version.hasTargetGasLimit
        default: true
        }
    }

    /// The order of hashing up to v1.2: the timestamp is last, the config hash is not hashed.
    fileprivate static let oldHashOrder: [DefinitionField] = [
        .uuid, .name, .version, .numValidators, .threshold, .feeRecipient, .withdrawal, .dkgAlgorithm, .forkVersion,
        .operators, .timestamp,
    ]

    /// The order since v1.3.
    fileprivate static let hashOrder: [DefinitionField] = [
        .uuid, .name, .version, .timestamp, .numValidators, .threshold, .feeRecipient, .withdrawal, .dkgAlgorithm,
        .forkVersion, .operators, .creator, .validators, .depositAmounts, .consensusProtocol, .targetGasLimit,
        .compounding, .configHash,
    ]
}

extension FileVersion {
    /// The members of a definition object, in the order they are written.
    var definitionMembers: [DefinitionField] { DefinitionField.allCases.filter { $0.isMember(of: self) } }

    /// What the config and definition hashes walk, in order.
    var hashedFields: [DefinitionField] {
        let order = hashStyle == .text ? DefinitionField.oldHashOrder : DefinitionField.hashOrder
        return order.filter { $0.isMember(of: self) }
    }
}

extension FileVersion: Comparable {
    package static func < (left: FileVersion, right: FileVersion) -> Bool { left.ordinal < right.ordinal }

    private var ordinal: Int {
        switch self {
        case .v1_0: 0
        case .v1_1: 1
        case .v1_2: 2
        case .v1_3: 3
        case .v1_4: 4
        case .v1_5: 5
        case .v1_6: 6
        case .v1_7: 7
        case .v1_8: 8
        case .v1_9: 9
        case .v1_10: 10
        case .v1_11: 11
        }
    }
}
