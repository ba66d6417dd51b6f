import Ethereum
import SSZ

extension UnsignedData {
    /// Wire bytes inside an `UnsignedDataSet` (protocols.md §2.6), in mainnet's shape.
    ///
    /// Proposer: `version u64 ‖ blinded u8 ‖ u32 13 ‖ object`, in the chain's own shape.
    /// Attester: `u32 8 ‖ u32 136 ‖ AttestationData (128) ‖ AttesterDuty (96)`, 232 bytes; the two offsets are redundant
    /// but on the wire. Aggregator: `version u64 ‖ u32 12 ‖ attestation`. Sync contribution: 160 bytes, or a JSON array.
    package func wireBytes() -> [UInt8] {
        switch self {
        case .proposal(let proposal): BlindableBytes(proposal, proposal.objectBytes()).bytes
        case .attester(let data, let duty): [8, 0, 0, 0, 136, 0, 0, 0] + data.sszBytes() + duty.sszBytes()
        case .aggregate(let attestation): VersionedBytes(attestation.fork, attestation.objectBytes()).bytes
        case .contributions(let contributions):
            contributions.isList
                ? JSONValue.array(contributions.all.map { $0.json() }).bytes() : contributions.all[0].sszBytes()
        }
    }

    /// Decodes the wire form of a duty type. Accepts SSZ, and JSON as Charon does.
    ///
    /// - Parameter preset: of the chain, which gives blocks their shape and their roots.
    package init(wire bytes: [UInt8], type: DutyType, preset: Preset = .mainnet) throws(WireError) {
        switch type {
        case .proposer:
            self = .proposal(
                try BlindableBytes.decode("proposal", bytes) {
                    (fork, blinded, object) throws(ProposalError) in
                    switch object {
                    case .ssz(let bytes):
                        try VersionedProposal(fork: fork, blinded: blinded, objectBytes: bytes, preset: preset)
                    case .json(let json):
                        try VersionedProposal(fork: fork, blinded: blinded, json: json, preset: preset)
                    }
                })
        case .attester: self = try Self.decodeAttester(bytes)
        case .aggregator: self = try Self.decodeAggregate(bytes)
        case .syncContribution: self = try Self.decodeContributions(bytes)
        case .builderProposer: throw .deprecatedDuty(type)
        case .signature, .exit, .builderRegistration, .randao, .prepareAggregator, .syncMessage,
            .prepareSyncContribution, .infoSync:
            throw .unsupportedDuty(type)
        }
    }

    /// In the shape that nodes exchange: mainnet's, on every chain.
    package func exchanged(on preset: Preset) -> UnsignedData {
        // A block has the chain's own shape everywhere.
        if case .proposal = self { return self }
        return preset.isShapedLikeMainnet ? self : (try? UnsignedData(wire: wireBytes(), type: dutyType)) ?? self
    }

    private static func decodeAttester(_ bytes: [UInt8]) throws(WireError) -> UnsignedData {
        try WireError.wrap("attester value") {
            if startsJSONObject(bytes) {
                let json = try JSONValue(parsing: bytes)
                return .attester(
                    try AttestationData(json: json.member("attestation_data")),
                    try AttesterDuty(json: json.member("attestation_duty")))
            }
            guard bytes.count >= 8 else { throw WireError.malformed("attester value of \(bytes.count) bytes") }
            let first = Int(littleEndian32(bytes, at: 0))
            let second = Int(littleEndian32(bytes, at: 4))
            guard first >= 8, second >= first, second <= bytes.count else {
                throw WireError.malformed("attester value offsets \(first), \(second) in \(bytes.count) bytes")
            }
            return .attester(
                try AttestationData(ssz: bytes[first..<second]), try AttesterDuty(ssz: bytes[second...]))
        }
    }

    /// A bare phase0 attestation is the oldest form, and still read.
    private static func decodeAggregate(_ bytes: [UInt8]) throws(WireError) -> UnsignedData {
        try WireError.wrap("aggregate") {
            if startsJSONObject(bytes) {
                let json = try JSONValue(parsing: bytes)
                guard json["version"] != nil else {
                    return .aggregate(
                        try VersionedAttestation(fork: .phase0, form: .phase0(try AttestationPhase0(json: json))))
                }
                return .aggregate(
                    try VersionedAttestation(
                        fork: try forkVersion(json.member("version")), json: json.member("attestation"),
                        validatorIndex: nil))
            }
            guard let versioned = VersionedBytes.Parts(bytes) else {
                return .aggregate(
                    try VersionedAttestation(fork: .phase0, form: .phase0(try AttestationPhase0(ssz: bytes))))
            }
            return .aggregate(
                try VersionedAttestation(fork: versioned.fork, objectBytes: versioned.object, validatorIndex: nil))
        }
    }

    private static func decodeContributions(_ bytes: [UInt8]) throws(WireError) -> UnsignedData {
        try WireError.wrap("sync contribution") {
            // The slot, which comes first, may look like the start of a list.
            if firstCharacter(bytes) != UInt8(ascii: "[") || bytes.count == SyncCommitteeContribution.wireBytes {
                return .contributions(Contributions(try object(bytes)))
            }
            let limit = Preset.mainnet.syncCommitteeSubnetCount
            let list = try JSONValue(parsing: bytes).elements(limit: limit) { json throws(SSZError) in
                try SyncCommitteeContribution(json: json)
            }
            guard let contributions = Contributions(list: list.sorted { $0.subcommitteeIndex < $1.subcommitteeIndex })
            else { throw WireError.malformed("sync contributions: none, or two of one subcommittee") }
            return .contributions(contributions)
        }
    }
}

extension SyncCommitteeContribution {
    /// In mainnet's shape. No list of them is so short.
    fileprivate static let wireBytes = 160
}

extension [PubKey: UnsignedData] {
    /// Deterministic protobuf of `UnsignedDataSet { map<string, bytes> set = 1 }`: keys ascending, both entry fields
    /// always present (consensus.md §3.1). The text key is `0x` and 96 lower-case hex digits.
    package func canonicalBytes() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(count * 340)
        for (pubKey, value) in sorted(by: { $0.key < $1.key }) {
            let data = value.wireBytes()
            let key = Array(pubKey.hex.utf8)
            var entry: [UInt8] = []
            appendField(1, key, to: &entry)
            appendField(2, data, to: &entry)
            appendField(1, entry, to: &out)
        }
        return out
    }

    /// What consensus votes on: the root of the canonical bytes.
    package func valueHash() -> Root { consensusHashRoot(canonicalBytes()) }
}
