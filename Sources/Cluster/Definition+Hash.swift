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

    /// Contains the *stored* config hash, from v1.3 on.
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
        case .uuid: try walk(text: uuid, max: FileLimits.uuidBytes, &walker, label)
        case .name: try walk(text: name, max: FileLimits.nameBytes, &walker, label)
        case .version: try walk(text: version.rawValue, max: FileLimits.versionBytes, &walker, label)
        case .timestamp:
            guard version != .v1_0 || coverage == .config else { return }
            try walk(text: timestamp, max: FileLimits.timestampBytes, &walker, label)
        case .numValidators: walker.uint64(UInt64(validators.count))
        case .threshold: walker.uint64(UInt64(threshold))
        case .feeRecipient, .withdrawal:
            let pair = try onlyAddresses(label)
            let text = field == .feeRecipient ? pair.feeRecipient : pair.withdrawal
            try walk(address: text, &walker, label)
        case .dkgAlgorithm: try walk(text: dkgAlgorithm, max: FileLimits.dkgAlgorithmBytes, &walker, label)
        case .forkVersion:
            switch version.hashStyle {
            case .text: walker.raw(Array(forkVersion.hex.utf8))
            case .raw, .fixed: walker.raw(forkVersion.bytes)
            }
        case .operators:
            let limit = version.hashStyle == .text ? operators.count : FileLimits.operators
            try walker.list(operators, max: limit, label) { walker, item, label throws(ClusterError) in
                try walk(item, coverage, &walker, label)
            }
        case .creator:
            try walker.box { box throws(ClusterError) in
                try walk(address: creator.address, &box, label + ".address")
                guard coverage == .definition else { return }
                try walk(signature: creator.configSignature, &box, label + ".config_signature")
            }
        case .validators:
            try walker.list(validators, max: FileLimits.validators, label) { walker, item, label throws(ClusterError) in
                try walker.box { box throws(ClusterError) in
                    try walk(address: item.feeRecipient, &box, label + ".fee_recipient_address")
                    try walk(address: item.withdrawal, &box, label + ".withdrawal_address")
                }
            }
        case .depositAmounts: try walker.uint64List(depositAmounts.map(\.rawValue), max: FileLimits.deposits, label)
        case .consensusProtocol:
            try walk(text: consensusProtocol, max: FileLimits.consensusProtocolBytes, &walker, label)
        case .targetGasLimit: walker.uint64(targetGasLimit)
        case .compounding: walker.bool(compounding)
        case .configHash: if coverage == .definition { walker.root(configHash) }
        case .definitionHash: preconditionFailure("no hash contains itself")
        }
    }

    private func walk(
        _ item: Operator, _ coverage: Coverage, _ walker: inout HashWalker, _ label: String
    ) throws(ClusterError) {
        if version.hashStyle == .text, coverage == .config {
            walker.raw(Array(item.address.utf8))  // bare: no box around it
            return
        }
        try walker.box { box throws(ClusterError) in
            try walk(address: item.address, &box, label + ".address")
            guard coverage == .definition else { return }
            try walk(text: item.enr, max: ENR.textBytesMax, &box, label + ".enr")
            if version <= .v1_1 { box.uint64(0) }  // nonce
            try walk(signature: item.configSignature, &box, label + ".config_signature")
            try walk(signature: item.enrSignature, &box, label + ".enr_signature")
        }
    }

    /// The single pair of a file before v1.5; blank without validators.
    private func onlyAddresses(_ label: String) throws(ClusterError) -> ValidatorAddresses {
        guard let first = validators.first else { return ValidatorAddresses(feeRecipient: "", withdrawal: "") }
        guard validators.allSatisfy({ $0 == first }) else {
            throw .field(
                label,
                "multiple withdrawal or fee recipient addresses found, but \(version.rawValue) has one for all validators;"
                    + " write \(FileVersion.v1_5.rawValue) or later")
        }
        return first
    }
}

// MARK: What differs by style

extension Definition {
    private func walk(
        text: String, max: Int, _ walker: inout HashWalker, _ label: String
    ) throws(ClusterError) {
        switch version.hashStyle {
        case .text: walker.raw(Array(text.utf8))
        case .raw, .fixed: try walker.byteList(text.utf8, max: max, label)
        }
    }

    private func walk(address text: String, _ walker: inout HashWalker, _ label: String) throws(ClusterError) {
        switch version.hashStyle {
        case .text: walker.raw(Array(text.utf8))
        case .raw: walker.raw(try Self.bytes(ofAddress: text, label))
        case .fixed: try walker.fixed(Self.bytes(ofAddress: text, label), count: 20, label)
        }
    }

    private func walk(signature: [UInt8], _ walker: inout HashWalker, _ label: String) throws(ClusterError) {
        switch version.hashStyle {
        case .text, .raw: walker.raw(signature)
        case .fixed where version.hasSignatureLists: try walker.signatureList(signature, label)
        case .fixed: try walker.fixed(signature, count: FileLimits.k1SignatureBytes, label)
        }
    }

    /// 20 bytes, or none for an empty text.
    private static func bytes(ofAddress text: String, _ label: String) throws(ClusterError) -> [UInt8] {
        guard let bytes = try? Hex.decode(text, bytesMax: 20), bytes.isEmpty || bytes.count == 20 else {
            throw .field(label, "\"\(text)\" is not an address (0x and 40 hex digits)")
        }
        return bytes
    }
}
