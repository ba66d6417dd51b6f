import Ethereum
import SSZ

extension Definition {
    /// The same with both hashes computed: the config hash first, as the definition hash contains it.
    package func withHashes() throws(ClusterError) -> Definition {
        var definition = self
        definition.configHash = try computedConfigHash()
        definition.definitionHash = try definition.computedDefinitionHash()
        return definition
    }

    package func computedConfigHash() throws(ClusterError) -> Root { try hash(.config) }

    /// Contains the *stored* config hash.
    package func computedDefinitionHash() throws(ClusterError) -> Root { try hash(.definition) }

    private enum Coverage { case config, definition }

    private func hash(_ coverage: Coverage) throws(ClusterError) -> Root {
        var walker = HashWalker()
        for field in version.hashedFields { try walk(field, coverage, &walker) }
        return walker.root
    }

    /// One row of the tables in spec/cluster-files.md §6; parts marked [D] there only for `.definition`.
    private func walk(_ field: DefinitionField, _ coverage: Coverage, _ walker: inout HashWalker) throws(ClusterError) {
        let label = field.rawValue
        switch field {
        case .uuid: try walker.byteList(uuid.utf8, max: FileLimits.uuidBytes, label)
        case .name: try walker.byteList(name.utf8, max: FileLimits.nameBytes, label)
        case .version: try walker.byteList(version.rawValue.utf8, max: FileLimits.versionBytes, label)
        case .timestamp: try walker.byteList(timestamp.utf8, max: FileLimits.timestampBytes, label)
        case .numValidators: walker.uint64(UInt64(validators.count))
        case .threshold: walker.uint64(UInt64(threshold))
        case .dkgAlgorithm: try walker.byteList(dkgAlgorithm.utf8, max: FileLimits.dkgAlgorithmBytes, label)
        case .forkVersion: try walker.fixed(forkVersion.bytes, count: 4, label)
        case .operators:
            try walker.list(operators, max: FileLimits.operators, label) { walker, item, label throws(ClusterError) in
                try walker.box { box throws(ClusterError) in try walk(item, coverage, &box, label) }
            }
        case .creator:
            try walker.box { box throws(ClusterError) in
                try box.fixed(Self.bytes(ofAddress: creator.address, label + ".address"), count: 20, label)
                guard coverage == .definition else { return }
                try box.fixed(creator.configSignature, count: FileLimits.k1SignatureBytes, label + ".config_signature")
            }
        case .validators:
            try walker.list(validators, max: FileLimits.validators, label) { walker, item, label throws(ClusterError) in
                try walker.box { box throws(ClusterError) in
                    let fee = label + ".fee_recipient_address"
                    try box.fixed(Self.bytes(ofAddress: item.feeRecipient, fee), count: 20, fee)
                    let withdrawal = label + ".withdrawal_address"
                    try box.fixed(Self.bytes(ofAddress: item.withdrawal, withdrawal), count: 20, withdrawal)
                }
            }
        case .depositAmounts: try walker.uint64List(depositAmounts.map(\.rawValue), max: FileLimits.deposits, label)
        case .consensusProtocol:
            try walker.byteList(consensusProtocol.utf8, max: FileLimits.consensusProtocolBytes, label)
        case .targetGasLimit: walker.uint64(targetGasLimit)
        case .compounding: walker.bool(compounding)
        case .configHash: if coverage == .definition { walker.root(configHash) }
        case .definitionHash: preconditionFailure("no hash contains itself")
        }
    }

    private func walk(
        _ item: Operator, _ coverage: Coverage, _ box: inout HashWalker, _ label: String
    ) throws(ClusterError) {
        try box.fixed(Self.bytes(ofAddress: item.address, label + ".address"), count: 20, label)
        guard coverage == .definition else { return }
        try box.byteList(item.enr.utf8, max: ENR.textBytesMax, label + ".enr")
        try box.fixed(item.configSignature, count: FileLimits.k1SignatureBytes, label + ".config_signature")
        try box.fixed(item.enrSignature, count: FileLimits.k1SignatureBytes, label + ".enr_signature")
    }

    /// 20 bytes, or none for an empty text.
    private static func bytes(ofAddress text: String, _ label: String) throws(ClusterError) -> [UInt8] {
        guard let bytes = try? Hex.decode(text, bytesMax: 20), bytes.isEmpty || bytes.count == 20 else {
            throw .field(label, "\"\(text)\" is not an address (0x and 40 hex digits)")
        }
        return bytes
    }
}
