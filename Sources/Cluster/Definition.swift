import Ethereum
import SSZ

/// What operators agree on before keys exist: who they are, how many validators, where the money goes.
///
/// Source: spec/cluster-files.md §3–6.
package struct Definition: Equatable, Sendable {
    package var name = ""
    package var creator = Creator()
    /// Position is the peer index; share index is one more.
    package var operators: [Operator] = []
    /// Random UUIDv4 in upper case.
    package var uuid = ""
    package var version = FileVersion.current
    /// RFC 3339, seconds.
    package var timestamp = ""
    /// Shares needed for a group signature.
    package var threshold = 0
    /// One for each validator, so also how many there are. All alike before v1.5, whose files have one pair.
    package var validators: [ValidatorAddresses] = []
    package var dkgAlgorithm = ""
    /// The network's genesis fork version.
    package var forkVersion = Bytes4.zero
    /// Empty: the defaults.
    package var depositAmounts: [Gwei] = []
    /// Empty: the nodes' preference.
    package var consensusProtocol = ""
    package var targetGasLimit: UInt64 = 0
    /// Withdrawal credentials 02 instead of 01.
    package var compounding = false
    /// As stored; `withHashes()` computes. Covers everything the creator chooses, so addresses but not records.
    package var configHash = Root.zero
    /// As stored; covers the config hash, records and signatures too.
    package var definitionHash = Root.zero

    package init() {}

    /// Gwei amounts that deposits are signed for: ascending, without repetition.
    package var signedDepositAmounts: [Gwei] {
        depositAmounts.isEmpty
            ? version.defaultDepositAmounts(compounding: compounding).map { Gwei($0 * DepositAmounts.gweiPerETH) }
            : Set(depositAmounts).sorted()
    }
}

// MARK: JSON

extension Definition {
    /// Reads and bounds, does not verify.
    package init(json bytes: [UInt8]) throws(ClusterError) {
        do throws(ClusterError) {
            let json = try JSONValue(clusterFile: bytes, bytesMax: FileLimits.definitionFileBytes)
            try self.init(JSONMembers(json, path: ""))
        } catch {
            throw error.inDocument("definition")
        }
    }

    init(_ members: JSONMembers) throws(ClusterError) {
        // First, so that nothing is judged by the rules of another version.
        version = try FileVersion(name: members.string(DefinitionField.version.rawValue))
        var validatorCount = 0
        var pair = ValidatorAddresses(feeRecipient: "", withdrawal: "")
        for field in version.definitionMembers { try read(field, from: members, &validatorCount, &pair) }
        if !version.hasValidatorAddresses {
            validators = [ValidatorAddresses](repeating: pair, count: validatorCount)
        }
        guard validators.count == validatorCount else {
            throw .field(
                members.path("validators"), "\(validators.count) entries, but num_validators is \(validatorCount)")
        }
        try DepositAmounts.check(depositAmounts, compounding: compounding, members.path("deposit_amounts"))
    }

    private mutating func read(
        _ field: DefinitionField, from members: JSONMembers, _ validatorCount: inout Int,
        _ pair: inout ValidatorAddresses
    ) throws(ClusterError) {
        let name = field.rawValue
        switch field {
        case .version: break
        case .name: self.name = try members.string(name)
        case .creator: creator = try Creator(members.members(name))
        case .operators:
            operators = try members.array(name, max: FileLimits.operators) { value, path throws(ClusterError) in
                try Operator(value, version, path)
            }
        case .uuid: uuid = try members.string(name)
        case .timestamp: timestamp = try members.string(name)
        case .numValidators: validatorCount = try members.count(name, max: FileLimits.validators)
        case .threshold: threshold = try members.count(name, max: FileLimits.threshold)
        case .feeRecipient: pair.feeRecipient = try members.string(name)
        case .withdrawal: pair.withdrawal = try members.string(name)
        case .validators:
            validators = try members.array(name, max: FileLimits.validators) { value, path throws(ClusterError) in
                try ValidatorAddresses(value, path)
            }
        case .dkgAlgorithm: dkgAlgorithm = try members.string(name)
        case .forkVersion:
            // Zeros would be mainnet's.
            guard try !members.hex(name, bytesMax: 4).isEmpty else {
                throw .field(members.path(name), "missing, so the network is unknown")
            }
            forkVersion = try members.fixed(name)
        case .depositAmounts:
            depositAmounts = try members.array(name, max: FileLimits.deposits) { value, path throws(ClusterError) in
                Gwei(try JSONMembers.gwei(value, path))
            }
        case .consensusProtocol: consensusProtocol = try members.string(name)
        case .targetGasLimit: targetGasLimit = try members.uint64(name)
        case .compounding: compounding = try members.bool(name)
        case .configHash: configHash = try members.fixed(name, version.byteText)
        case .definitionHash: definitionHash = try members.fixed(name, version.byteText)
        }
    }

    /// The file's bytes, with both hashes computed anew.
    ///
    /// - Throws: for content that the version has no place for in its hashes, and before v1.5 for addresses that
    ///   differ between validators.
    package func encoded() throws(ClusterError) -> [UInt8] {
        Array(try withHashes().json.text(indent: " ").utf8)
    }

    /// Hashes as stored.
    var json: JSONValue {
        var object = JSONObject()
        for field in version.definitionMembers {
            if let value = json(of: field) { object.append(field.rawValue, value) }
        }
        return .object(object)
    }

    /// Nil where the writer leaves the member out.
    private func json(of field: DefinitionField) -> JSONValue? {
        func text(_ text: String?) -> JSONValue? { text.flatMap { $0.isEmpty ? nil : .string($0) } }
        return switch field {
        case .name: text(name)
        case .creator: creator.json
        case .operators: .list(orNull: operators.map { $0.json(version) })
        case .uuid: .string(uuid)
        case .version: .string(version.rawValue)
        case .timestamp: text(timestamp)
        case .numValidators: JSONValue(validators.count)
        case .threshold: JSONValue(threshold)
        case .feeRecipient: text(validators.first?.feeRecipient)
        case .withdrawal: text(validators.first?.withdrawal)
        case .validators: .list(orNull: validators.map(\.json))
        case .dkgAlgorithm: .string(dkgAlgorithm)
        case .forkVersion: .hex(forkVersion.bytes)
        case .depositAmounts: .list(orNull: depositAmounts.map { .string(String($0.rawValue)) })
        case .consensusProtocol: .string(consensusProtocol)
        case .targetGasLimit: JSONValue(targetGasLimit)
        case .compounding: .bool(compounding)
        case .configHash: .bytes(configHash.bytes, version.byteText)
        case .definitionHash: .bytes(definitionHash.bytes, version.byteText)
        }
    }
}

extension JSONValue {
    init(clusterFile bytes: [UInt8], bytesMax: Int) throws(ClusterError) {
        do throws(JSONError) {
            try self.init(parsing: bytes, limits: JSONLimits(bytesMax: bytesMax))
        } catch {
            throw .json("\(error)")
        }
    }
}
