/// A layout of definition and lock files: which members stand in which order, and what enters which hash.
///
/// One case for each supported `version` text. What differs between versions is data in this file; reading, writing
/// and hashing walk it. Source: spec/cluster-files.md §3, §4.1, §6.
package enum FileVersion: String, CaseIterable, Sendable {
    case v1_10 = "v1.10.0"

    /// What `create cluster` and `create dkg` write.
    package static let current = FileVersion.v1_10

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    init(name: String) throws(ClusterError) {
        guard let version = FileVersion(rawValue: name) else { throw .unsupportedVersion(name) }
        self = version
    }

    /// The members of a definition object, in the order they are written.
    var definitionMembers: [DefinitionField] {
        switch self {
        case .v1_10:
            [
                .name, .creator, .operators, .uuid, .version, .timestamp, .numValidators, .threshold, .validators,
                .dkgAlgorithm, .forkVersion, .depositAmounts, .consensusProtocol, .targetGasLimit, .compounding,
                .configHash, .definitionHash,
            ]
        }
    }

    /// What the config and definition hashes walk, in order.
    var hashedFields: [DefinitionField] {
        switch self {
        case .v1_10:
            [
                .uuid, .name, .version, .timestamp, .numValidators, .threshold, .dkgAlgorithm, .forkVersion,
                .operators, .creator, .validators, .depositAmounts, .consensusProtocol, .targetGasLimit, .compounding,
                .configHash,
            ]
        }
    }

    /// Amounts signed when the definition names none, in ETH, ascending.
    func defaultDepositAmounts(compounding: Bool) -> [UInt64] { compounding ? [1, 8, 32, 256] : [1, 32] }
}

/// A part of the definition, under its name in the file.
enum DefinitionField: String {
    case name, creator, operators, uuid, version, timestamp, threshold, validators, compounding
    case numValidators = "num_validators"
    case dkgAlgorithm = "dkg_algorithm"
    case forkVersion = "fork_version"
    case depositAmounts = "deposit_amounts"
    case consensusProtocol = "consensus_protocol"
    case targetGasLimit = "target_gas_limit"
    case configHash = "config_hash"
    case definitionHash = "definition_hash"
}

/// Bounds of the hashed lists and texts. Source: spec/cluster-files.md §5.
enum FileLimits {
    static let operators = 256
    static let validators = 65536
    static let deposits = 256
    static let uuidBytes = 64
    static let nameBytes = 256
    static let versionBytes = 16
    static let timestampBytes = 32
    static let dkgAlgorithmBytes = 32
    static let consensusProtocolBytes = 256
    static let k1SignatureBytes = 65
    /// Keeps thresholds in an `Int`; verification compares with the operators.
    static let threshold = Int(Int32.max)
    /// What Charon accepts over HTTP.
    static let definitionFileBytes = 16 << 20
    /// About 25 000 validators of four operators.
    static let lockFileBytes = 64 << 20
}
