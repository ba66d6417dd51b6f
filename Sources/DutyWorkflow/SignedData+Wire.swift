import Ethereum
import SSZ

/// `version u64 ‖ validator index u64 ‖ u32 20 ‖ object` (protocols.md §2.5, kind C).
private let indexedHeaderBytes = 20

extension SignedData {
    /// Wire bytes inside a `ParSignedData` (protocols.md §2.7), in mainnet's shape, blocks in the chain's. Proposer:
    /// `version u64 ‖ blinded u8 ‖ u32 13 ‖ object`. Attester: kind C; kind A without a
    /// validator index. Aggregator: kind A. Sync message and contribution: SSZ. The others: JSON.
    package func wireBytes() -> [UInt8] {
        switch self {
        case .proposal(let signed): return BlindableBytes(signed.proposal, signed.objectBytes()).bytes
        case .attestation(let attestation):
            guard let index = attestation.validatorIndex else {
                return VersionedBytes(attestation.fork, attestation.objectBytes()).bytes
            }
            return littleEndian(UInt64(attestation.fork.rawValue)) + littleEndian(index.rawValue)
                + [UInt8(indexedHeaderBytes), 0, 0, 0] + attestation.objectBytes()
        case .exit(let signed): return signed.json().bytes()
        case .registration(let signed): return VersionedSignedValidatorRegistration(signed).json.bytes()
        case .randao(let signed): return signed.json().bytes()
        case .committeeSelection(let selection): return selection.json().bytes()
        case .aggregateAndProof(let signed): return VersionedBytes(signed.fork, signed.objectBytes()).bytes
        case .syncMessage(let message): return message.sszBytes()
        case .syncSelection(let selection): return selection.json().bytes()
        case .contributionAndProof(let signed): return signed.sszBytes()
        }
    }

    /// Decodes the wire form of a duty type. Accepts SSZ, and JSON as Charon does.
    ///
    /// - Parameter preset: of the chain, which gives blocks their shape and their roots.
    package init(wire bytes: [UInt8], type: DutyType, preset: Preset = .mainnet) throws(WireError) {
        switch type {
        case .proposer:
            self = .proposal(
                try BlindableBytes.decode("signed proposal", bytes) {
                    (fork, blinded, object) throws(ProposalError) in
                    switch object {
                    case .ssz(let bytes):
                        try VersionedSignedProposal(fork: fork, blinded: blinded, objectBytes: bytes, preset: preset)
                    case .json(let json):
                        try VersionedSignedProposal(fork: fork, blinded: blinded, json: json, preset: preset)
                    }
                })
        case .attester: self = .attestation(try Self.decodeAttestation(bytes))
        case .exit: self = .exit(try Self.decode("exit", bytes))
        case .builderRegistration:
            self = .registration(
                try WireError.wrap("registration") {
                    try VersionedSignedValidatorRegistration(json: JSONValue(parsing: bytes)).registration
                })
        case .randao: self = .randao(try Self.decode("randao", bytes))
        case .prepareAggregator: self = .committeeSelection(try Self.decode("committee selection", bytes))
        case .aggregator: self = .aggregateAndProof(try Self.decodeAggregate(bytes))
        case .syncMessage: self = .syncMessage(try Self.decode("sync message", bytes))
        case .prepareSyncContribution: self = .syncSelection(try Self.decode("sync selection", bytes))
        case .syncContribution: self = .contributionAndProof(try Self.decode("contribution and proof", bytes))
        case .builderProposer: throw .deprecatedDuty(type)
        case .signature, .infoSync: throw .unsupportedDuty(type)
        }
    }

    /// In the shape that nodes exchange: mainnet's, on every chain.
    package func exchanged(on preset: Preset) -> SignedData {
        // A block has the chain's own shape everywhere.
        if case .proposal = self { return self }
        return preset.isShapedLikeMainnet ? self : (try? SignedData(wire: wireBytes(), type: dutyType)) ?? self
    }

    private static func decode<Object: SSZContainer>(
        _ what: String, _ bytes: [UInt8]
    ) throws(WireError) -> Object {
        try WireError.wrap(what) { try object(bytes) }
    }

    private static func decodeAttestation(_ bytes: [UInt8]) throws(WireError) -> VersionedAttestation {
        try WireError.wrap("attestation") {
            if startsJSONObject(bytes) {
                // `{"version":N,"validator_index":"15"|null,"attestation":{…}}`.
                let json = try JSONValue(parsing: bytes)
                let index = json["validator_index"].flatMap { $0.isNull ? nil : $0 }
                return try VersionedAttestation(
                    fork: try forkVersion(json.member("version")), json: json.member("attestation"),
                    validatorIndex: index.map { try ValidatorIndex(json: $0) })
            }
            guard bytes.count >= indexedHeaderBytes else {
                throw WireError.malformed("attestation of \(bytes.count) bytes")
            }
            if littleEndian32(bytes, at: 16) == UInt32(indexedHeaderBytes) {
                let version = littleEndian64(bytes, at: 0)
                guard let fork = ForkName(wire: version) else {
                    throw WireError.malformed("attestation version \(version)")
                }
                return try VersionedAttestation(
                    fork: fork, objectBytes: bytes[indexedHeaderBytes...],
                    validatorIndex: ValidatorIndex(littleEndian64(bytes, at: 8)))
            }
            guard let parts = VersionedBytes.Parts(bytes) else { throw WireError.malformed("attestation header") }
            return try VersionedAttestation(fork: parts.fork, objectBytes: parts.object, validatorIndex: nil)
        }
    }

    /// The bare phase0 object is the oldest form, and still read.
    private static func decodeAggregate(_ bytes: [UInt8]) throws(WireError) -> VersionedAggregateAndProof {
        try WireError.wrap("aggregate and proof") {
            if startsJSONObject(bytes) {
                let json = try JSONValue(parsing: bytes)
                guard let version = json["version"] else {
                    return try VersionedAggregateAndProof(fork: .phase0, json: json)
                }
                return try VersionedAggregateAndProof(
                    fork: try forkVersion(version), json: try json.member("aggregate_and_proof"))
            }
            guard let parts = VersionedBytes.Parts(bytes) else {
                return try VersionedAggregateAndProof(fork: .phase0, objectBytes: bytes)
            }
            return try VersionedAggregateAndProof(fork: parts.fork, objectBytes: parts.object)
        }
    }
}
