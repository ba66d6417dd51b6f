import DutyWorkflow
import Ethereum
import SSZ

/// The codecs that every message and every validator client's request goes through.
enum SSZBenchmarks {
    static func run(_ bench: inout Bench) throws {
        let data = attestationData(slot: 9_000_000)
        try all(&bench, "attestation data", n: 1, data)
        try all(
            &bench, "attestation phase0, 512 bits", n: 512,
            AttestationPhase0(
                aggregationBits: Bitlist(count: 512, setting: stride(from: 0, to: 512, by: 2)), data: data,
                signature: SignatureBytes([UInt8](repeating: 7, count: 96)) ?? .zero))
        for n in [0, 32_768] {
            try all(
                &bench, "attestation electra, \(n) bits", n: n,
                AttestationElectra(
                    aggregationBits: Bitlist(count: n, setting: stride(from: 0, to: n, by: 2)), data: data,
                    signature: SignatureBytes([UInt8](repeating: 7, count: 96)) ?? .zero,
                    committeeBits: Bitvector(count: 64, setting: n == 0 ? [5] : Array(0..<64))))
        }
        consensusValue(&bench)
        try ProposalBenchmarks.run(&bench)
    }

    /// Every direction of one value.
    private static func all<Value: SSZContainer & Equatable>(
        _ bench: inout Bench, _ what: String, n: Int, _ value: Value
    ) throws {
        let bytes = value.sszBytes()
        let text = value.json().bytes()
        try require(try Value(ssz: bytes) == value, "\(what) changed by encoding")
        try require(try Value(json: try JSONValue(parsing: text)) == value, "\(what) changed by JSON")
        bench.time("ssz encode \(what)", n: n) { keep(value.sszBytes()) }
        try bench.time("ssz decode \(what)", n: n) { keep(try Value(ssz: bytes)) }
        bench.time("ssz hash tree root \(what)", n: n) { keep(value.hashTreeRoot()) }
        bench.time("ssz json write \(what)", n: n) { keep(value.json().bytes()) }
        try bench.time("ssz json parse \(what)", n: n) { keep(try Value(json: try JSONValue(parsing: text))) }
    }

    /// The hash that consensus votes on, for all validators of a slot.
    private static func consensusValue(_ bench: inout Bench) {
        for n in [1, 31] {
            let set = Dictionary(
                uniqueKeysWithValues: (0..<n).map { index in
                    (pubKey(index), UnsignedData.attester(attestationData(slot: 9), attesterDuty(index, slot: 9)))
                })
            bench.time("ssz consensus value hash", n: n) { keep(set.valueHash()) }
        }
    }
}

// MARK: - Values like those of a real slot

func attestationData(slot: UInt64) -> AttestationData {
    AttestationData(
        slot: Slot(slot), index: CommitteeIndex(0), beaconBlockRoot: SHA256.hash([1]),
        source: Checkpoint(epoch: Epoch(slot / 32), root: SHA256.hash([2])),
        target: Checkpoint(epoch: Epoch(slot / 32 + 1), root: SHA256.hash([3])))
}

func pubKey(_ index: Int) -> PubKey {
    PubKey(SHA256.hash(Array("validator \(index)".utf8)).bytes + [UInt8](repeating: 0xC0, count: 16)) ?? .zero
}

func attesterDuty(_ index: Int, slot: UInt64) -> AttesterDuty {
    var duty = AttesterDuty()
    duty.pubKey = pubKey(index)
    duty.slot = Slot(slot)
    duty.validatorIndex = ValidatorIndex(UInt64(index))
    duty.committeeIndex = CommitteeIndex(UInt64(index % 64))
    duty.committeeLength = 512
    duty.committeesAtSlot = 64
    duty.validatorCommitteeIndex = UInt64(index)
    return duty
}
