import DutyWorkflow
import Ethereum
import PeerProtocols
import QBFT
import SSZ
import Secp256k1

/// What nodes pay for each message of a peer before the workflow sees it.
enum WireBenchmarks {
    private static let duty = Duty.attester(slot: Slot(9))

    static func run(_ bench: inout Bench) throws {
        let keys = try (1...4).map { try PrivateKey(SHA256.hash([UInt8($0)]).bytes) }
        try signatures(&bench, keys[0])
        for validators in [1, 4, 31] {
            try consensus(&bench, keys, validators: validators)
            try partials(&bench, validators: validators)
        }
    }

    private static func signatures(_ bench: inout Bench, _ key: PrivateKey) throws {
        let digest = SHA256.hash([1])
        let signature = key.sign(digest: digest)
        bench.time("wire secp256k1 sign", n: 1) { keep(key.sign(digest: digest)) }
        try bench.time("wire secp256k1 verify", n: 1) {
            try require(key.publicKey.verify(digest: digest, signature65: signature), "a good signature failed")
        }
    }

    /// A vote carries the whole value, and three come from each peer for each duty.
    private static func consensus(_ bench: inout Bench, _ keys: [PrivateKey], validators: Int) throws {
        let values = Dictionary(
            uniqueKeysWithValues: (0..<validators).map { index in
                (pubKey(index), UnsignedData.attester(attestationData(slot: 9), attesterDuty(index, slot: 9)))
            })
        let hash = values.valueHash()
        let vote = QBFT.Message(.prepare, round: 1, source: 0, value: hash)
        let message = ConsensusMessage(
            duty: duty, message: ConsensusCodec.seal(duty, vote, with: keys[0]), values: [hash: .duties(values)])
        let bytes = try ConsensusCodec.encode(message)
        let operators = keys.map(\.publicKey)
        let decode = {
            // New each time: it remembers the signatures it has seen.
            let decoded = try ConsensusCodec(operators: operators, validators: validators).decode(bytes) { _ in true }
            try require(decoded == message, "a consensus message changed on the wire")
        }
        bench.time("wire seal a vote", n: validators) { keep(ConsensusCodec.seal(duty, vote, with: keys[0])) }
        try bench.time("wire encode a vote", n: validators) { keep(try ConsensusCodec.encode(message)) }
        try bench.time("wire decode and verify a vote", n: validators) { try decode() }
    }

    /// BLS verification not included: see the group bls.
    private static func partials(_ bench: inout Bench, validators: Int) throws {
        let set = try Dictionary(
            uniqueKeysWithValues: (0..<validators).map { index in
                let attestation = AttestationElectra(
                    aggregationBits: Bitlist(), data: attestationData(slot: 9),
                    signature: SignatureBytes([UInt8](repeating: 7, count: 96)) ?? .zero,
                    committeeBits: Bitvector(count: 64, setting: [index]))
                let signed = try VersionedAttestation(
                    fork: .electra, form: .electra(attestation), validatorIndex: ValidatorIndex(UInt64(index)))
                let partial = ParSignedData(data: .attestation(signed), shareIndex: ShareIndex(PeerIndex(1)))
                return (EntryKey(pubKey(index)), partial)
            })
        let codec = ParSigExCodec(validators: set.keys.pubKeys, nodes: 4)
        let bytes = ParSigExCodec.encode(duty, set)
        let decode = {
            let (decodedDuty, decoded) = try codec.decode(bytes) { _ in true }
            try require(decodedDuty == duty && decoded == set, "partial signatures changed on the wire")
        }
        bench.time("wire encode partial signatures", n: validators) { keep(ParSigExCodec.encode(duty, set)) }
        try bench.time("wire decode partial signatures", n: validators) { try decode() }
    }
}
