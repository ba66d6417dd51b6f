import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import PeerProtocols

@Suite("partial signature codec")
struct ParSigExCodecTests {
    private static let pubKeys = (1...5).map { PubKey(padding: [0xa0, UInt8($0)]) }
    private let codec = ParSigExCodec(validators: Set(pubKeys), nodes: 4)
    private let duty = Duty.attester(slot: 9)

    private func set(share: Int = 2, validators: Int = 3, fork: ForkName = .electra) throws -> ParSignedDataSet {
        var set: ParSignedDataSet = [:]
        for (position, pubKey) in Self.pubKeys.prefix(validators).enumerated() {
            var data = AttestationData()
            data.slot = duty.slot
            let signature = SignatureBytes(padding: [0xb0, UInt8(position)])
            let form: VersionedAttestation.Form =
                fork >= .electra
                ? .electra(
                    AttestationElectra(
                        aggregationBits: Bitlist(), data: data, signature: signature,
                        committeeBits: Bitvector(count: 64, setting: [position])))
                : .phase0(AttestationPhase0(aggregationBits: Bitlist(), data: data, signature: signature))
            let attestation = try VersionedAttestation(
                fork: fork, form: form, validatorIndex: ValidatorIndex(UInt64(position) + 7))
            set[EntryKey(pubKey)] = ParSignedData(
                data: .attestation(attestation), shareIndex: try #require(ShareIndex(wire: share)))
        }
        return set
    }

    private func wire(_ change: (inout WireParSigExMsg) throws -> Void) throws -> [UInt8] {
        var wire = try WireParSigExMsg(wire: ParSigExCodec.encode(duty, set()), "ParSigExMsg")
        try change(&wire)
        return wire.canonicalBytes()
    }

    private func decode(_ bytes: [UInt8]) throws(MessageFault) -> ParSignedDataSet {
        try codec.decode(bytes) { _ in true }.set
    }

    @Test("what is encoded decodes to the same", arguments: ForkName.allCases, 1...5)
    func roundTrip(fork: ForkName, validators: Int) throws {
        let set = try set(share: 4, validators: validators, fork: fork)
        let bytes = ParSigExCodec.encode(duty, set)
        let decoded = try codec.decode(bytes) { $0 == duty }
        #expect(decoded.set == set && decoded.duty == duty)
        #expect(ParSigExCodec.encode(duty, set) == bytes)
        for (key, entry) in try WireParSigExMsg(wire: bytes, "ParSigExMsg").dataSet.set {
            let partial = try #require(set[EntryKey(try pubKey(wire: key))])
            #expect(Array(entry.signature) == partial.data.signature.bytes && entry.shareIdx == 4)
        }
    }

    @Test("what a validator signs for several subcommittees goes into as many messages, and nothing is lost")
    func subcommittees() throws {
        let duty = Duty(slot: 9, type: .prepareSyncContribution)
        var set: ParSignedDataSet = [:]
        for (position, seats) in [(0, [3]), (1, [0, 2]), (2, [1, 2, 3])] as [(Int, [UInt64])] {
            for seat in seats {
                let selection = SyncCommitteeSelection(
                    validatorIndex: ValidatorIndex(UInt64(position)), slot: 9, subcommitteeIndex: seat,
                    selectionProof: SignatureBytes(padding: [0xb0, UInt8(position), UInt8(seat)]))
                set[EntryKey(Self.pubKeys[position], subcommittee: seat)] = ParSignedData(
                    data: .syncSelection(selection), shareIndex: try #require(ShareIndex(wire: 2)))
            }
        }
        let parts = ParSigExCodec.parts(duty, set)
        #expect(parts.map(\.count) == [3, 2, 1])
        var taken: ParSignedDataSet = [:]
        for part in parts {
            let decoded = try decode(ParSigExCodec.encode(duty, part))
            #expect(decoded == part)
            taken.merge(decoded) { $1 }
        }
        #expect(taken == set)
        // Where no validator sits twice there is one message.
        let single = set.filter { $0.key.pubKey == Self.pubKeys[0] }
        #expect(ParSigExCodec.parts(duty, single) == [single])
        #expect(ParSigExCodec.parts(self.duty, try self.set()) == [try self.set()])
    }

    @Test("the gate is asked with the duty, and refuses")
    func gate() throws {
        let bytes = ParSigExCodec.encode(duty, try set())
        #expect(throws: MessageFault.dutyNotAdmitted(duty)) { try codec.decode(bytes) { $0 != duty } }
    }

    @Test("field 2 is a copy that nobody reads")
    func signatureField() throws {
        let bytes = try wire { wire in
            for key in wire.dataSet.set.keys { wire.dataSet.set[key]?.signature = Data([1, 2, 3]) }
        }
        #expect(try decode(bytes) == set())
    }

    @Test("absent and empty parts are refused")
    func absent() throws {
        #expect(throws: MessageFault.missingField("duty")) { try decode(wire { $0.clearDuty() }) }
        #expect(throws: MessageFault.missingField("data_set")) { try decode(wire { $0.clearDataSet() }) }
        #expect(throws: MessageFault.emptySet) { try decode(wire { $0.dataSet.set = [:] }) }
        #expect(throws: MessageFault.missingField("duty")) { try decode([]) }
    }

    @Test(
        "duty types are refused by name",
        arguments: [
            (0, MessageFault.dutyType(.unknownDutyType(0))), (14, .dutyType(.unknownDutyType(14))),
            (-1, .dutyType(.unknownDutyType(-1))), (5, .dutyType(.deprecatedDuty(.builderProposer))),
            (3, .value(.unsupportedDuty(.signature))), (13, .value(.unsupportedDuty(.infoSync))),
        ] as [(Int32, MessageFault)])
    func dutyTypes(type: Int32, fault: MessageFault) throws {
        #expect(throws: fault) { try decode(wire { $0.duty.type = type }) }
    }

    @Test("share indexes are 1 to the number of nodes", arguments: [Int32.min, -1, 0, 5, .max])
    func shareIndexes(share: Int32) throws {
        #expect(throws: MessageFault.shareIndex(Int(share))) {
            try decode(
                wire { wire in
                    for key in wire.dataSet.set.keys { wire.dataSet.set[key]?.shareIdx = share }
                })
        }
    }

    @Test(
        "public keys are 0x and 96 lower-case hex digits",
        arguments: [
            "", "0x", "0x12", String(repeating: "a", count: 96), "0X", "0x" + String(repeating: "g", count: 96),
        ])
    func publicKeys(key: String) throws {
        #expect(throws: MessageFault.malformedPublicKey) {
            try decode(wire { wire in wire.dataSet.set = [key: wire.dataSet.set.values.first ?? WireParSignedData()] })
        }
    }

    @Test("upper case, one digit more or less, and other scripts' digits are not a public key")
    func nearlyPublicKeys() throws {
        let good = Self.pubKeys[0].hex
        for bad in [
            good.uppercased(), "0x" + good.dropFirst(2).uppercased(), good + "0", String(good.dropLast()),
            good.dropLast() + "０",
        ] {
            #expect(throws: MessageFault.malformedPublicKey) { try pubKey(wire: String(bad)) }
        }
        #expect(try pubKey(wire: good) == Self.pubKeys[0])
    }

    @Test("validators of other clusters and zero signatures are refused")
    func foreign() throws {
        let stranger = PubKey(padding: [1])
        #expect(throws: MessageFault.unknownValidator(stranger)) {
            try decode(
                wire { wire in
                    wire.dataSet.set = [stranger.hex: wire.dataSet.set.values.first ?? WireParSignedData()]
                })
        }
        var set = try set(validators: 1)
        let unsigned = try #require(set[EntryKey(Self.pubKeys[0])]).data.with(signature: .zero)
        set[EntryKey(Self.pubKeys[0])]?.data = unsigned
        #expect(throws: MessageFault.noSignature(Self.pubKeys[0])) { try decode(ParSigExCodec.encode(duty, set)) }
    }

    @Test("one bad object refuses the whole message", arguments: [0, 1, 19, 20, 100, 235])
    func badObject(length: Int) throws {
        let bytes = try wire { wire in
            let key = Self.pubKeys[1].hex
            let data = wire.dataSet.set[key]?.data ?? Data()
            wire.dataSet.set[key]?.data = data.prefix(length)
        }
        #expect {
            try decode(bytes)
        } throws: { error in
            if case .value? = error as? MessageFault { true } else { false }
        }
    }

    @Test("more entries than validators are counted before they are decoded")
    func floods() throws {
        let good = ParSigExCodec.encode(duty, try set(validators: 3))
        let entries = Array(repeating: [UInt8(0x0a), 0], count: 3).joined()
        #expect(throws: MessageFault.tooMany("partial signatures", limit: 5)) {
            try decode(good + [0x12, UInt8(entries.count)] + entries)
        }
        let flood = Array(repeating: [UInt8(0x12), 2, 0x0a, 0], count: 1 << 18).joined()
        #expect(throws: MessageFault.tooMany("partial signatures", limit: 5)) { try decode(good + flood) }
        let limit = codec.messageBytesMax
        #expect(throws: MessageFault.oversized(bytes: limit + 1, limit: limit)) {
            try decode([UInt8](repeating: 0, count: limit + 1))
        }
    }

    @Test("damaged and random bytes never trap", arguments: 0..<100 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let good = ParSigExCodec.encode(duty, try set())
        for length in good.indices where length % 7 == Int(seed % 7) {
            #expect(throws: MessageFault.self) { try decode(Array(good.prefix(length))) }
        }
        for _ in 0..<20 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            if let set = try? decode(bytes) {
                let isKnown = set.keys.pubKeys.isSubset(of: Self.pubKeys)
                #expect(isKnown && set.count <= 5 && !set.isEmpty)
            }
            #expect(throws: MessageFault.self) { try decode(random.bytes(Int.random(in: 0...300, using: &random))) }
        }
    }
}
