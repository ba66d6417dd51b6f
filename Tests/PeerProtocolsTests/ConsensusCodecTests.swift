import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ
import Secp256k1
import SwiftProtobuf
import TestSupport
import Testing

@testable import PeerProtocols

@Suite("consensus codec")
struct ConsensusCodecTests {
    private let cluster = TestCluster()
    private let duty = Duty.attester(slot: 5)

    /// Source: distributed-validator-specs `qbft_hashing.json`, quoted in consensus.md §3.4.
    @Test("the smallest pre-prepare has the published encoding and root")
    func specificationVector() throws {
        var wire = WireQBFTMsg()
        wire.type = 1
        wire.duty = WireDuty()
        wire.round = 1
        wire.valueHash = Data(count: 32)
        wire.preparedValueHash = Data(count: 32)
        let zeros = String(repeating: "00", count: 32)
        #expect(Hex.encode(wire.canonicalBytes()) == "0x0801120020015a20\(zeros)6220\(zeros)")
        #expect(wire.digest.hex == "0x417852e798733e681d912c22e03b6c1fb1ce5d7977a4d6ed0b27ebf080aa9888")
    }

    @Test("what is encoded decodes to the same", arguments: 0..<5)
    func roundTrip(row: Int) throws {
        let value = cluster.value(slot: 5)
        let other = cluster.value(slot: 5, seed: 1)
        let commits = (0..<3).map {
            cluster.sealed(duty, QBFT.Message(.commit, round: 1, source: $0, value: value.valueHash()))
        }
        var decided = QBFT.Message(.decided, round: 1, source: 3, value: value.valueHash())
        decided.justification = commits
        var proposal = QBFT.Message(.prePrepare, round: 2, source: 1, value: other.valueHash())
        proposal.justification = cluster.roundChange().message.justification + [cluster.roundChange().message]
        proposal.justification[3].justification = []
        let message = [
            cluster.prepare(), cluster.roundChange(),
            ConsensusMessage(
                duty: duty, message: cluster.sealed(duty, QBFT.Message(.roundChange, round: 3, source: 2)), values: [:]),
            ConsensusMessage(
                duty: duty, message: cluster.sealed(duty, decided), values: [value.valueHash(): .duties(value)]),
            ConsensusMessage(
                duty: duty, message: cluster.sealed(duty, proposal),
                values: [value.valueHash(): .duties(value), other.valueHash(): .duties(other)]),
        ][row]
        let bytes = try ConsensusCodec.encode(message)
        #expect(try cluster.codec.decode(bytes) { _ in true } == message)
        #expect(try ConsensusCodec.encode(message) == bytes)
        let wire = try cluster.wire(message)
        for vote in [wire.msg] + wire.justification {
            #expect(vote.hasDuty && vote.valueHash.count == 32 && vote.preparedValueHash.count == 32)
            #expect(vote.signature.count == 65)
        }
    }

    @Test("a vote whose value is unknown is not sent")
    func encodeMissingValue() {
        var message = cluster.prepare()
        let hash = message.message.value
        message.values = [:]
        #expect(throws: MessageFault.missingValue(hash)) { try ConsensusCodec.encode(message) }
    }

    @Test("values that nothing refers to are not kept")
    func unreferencedValue() throws {
        var message = cluster.prepare()
        var wire = try cluster.wire(message)
        var any = Google_Protobuf_Any()
        any.typeURL = "example.org/core.corepb.v1.UnsignedDataSet"
        any.value = Data(cluster.value(slot: 5, seed: 9).canonicalBytes())
        wire.values.append(any)
        message.values = message.values.filter { $0.key == message.message.value }
        #expect(try cluster.decode(wire) == message)
    }

    @Test("any map order in a value gives the same hash", arguments: 0..<100 as Range<UInt64>)
    func mapOrder(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let cluster = TestCluster(validators: Int.random(in: 2...9, using: &random))
        let message = cluster.prepare()
        var wire = try cluster.wire(message)
        let set = try WireUnsignedDataSet(wire: wire.values[0].value, "UnsignedDataSet")
        let entries = set.set.shuffled(using: &random).map { key, value in
            var one = WireUnsignedDataSet()
            one.set = [key: value]
            return one.canonicalBytes()
        }
        wire.values[0].value = Data(entries.joined())
        #expect(try cluster.decode(wire) == message)
    }

    @Test("the gate is asked with the duty, and refuses")
    func gate() throws {
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        #expect(throws: MessageFault.dutyNotAdmitted(duty)) { try cluster.codec.decode(bytes) { $0 != duty } }
    }

    @Test("unknown fields are part of what is signed, and survive forwarding")
    func unknownFields() throws {
        var wire = try cluster.wire(cluster.prepare())
        // Field 15, varint 1; then the hash as 31 bytes.
        let extended = try WireQBFTMsg(wire: wire.msg.canonicalBytes() + [0x78, 0x01], "QBFTMsg")
        wire.msg = extended
        #expect(throws: MessageFault.badSignature(PeerIndex(1))) { try cluster.decode(wire) }
        cluster.reseal(&wire.msg)
        wire.msg.preparedValueHash = Data(count: 33)
        cluster.reseal(&wire.msg)
        let vote = try cluster.decode(wire)
        #expect(vote.message.preparedValue == .zero)

        var roundChange = cluster.roundChange()
        roundChange.message.justification[1] = vote.message
        roundChange.message = cluster.sealed(duty, roundChange.message)
        let forwarded = try cluster.wire(roundChange)
        #expect(forwarded.justification[1] == wire.msg)
        #expect(try cluster.decode(forwarded) == roundChange)
        #expect(ConsensusCodec.digest(duty, vote.message) == wire.msg.digest)
    }

    @Test("unusual votes are kept only up to a size")
    func verbatimBound() throws {
        var wire = try cluster.wire(cluster.prepare())
        let padding = [0x7a, 0xff, 0x07] + [UInt8](repeating: 0, count: 1023)
        wire.msg = try WireQBFTMsg(wire: wire.msg.canonicalBytes() + padding, "QBFTMsg")
        cluster.reseal(&wire.msg)
        #expect(throws: MessageFault.self) { try cluster.decode(wire) }
    }

    /// The sender of the stream is not part of it: whoever holds a vote may pass it on.
    @Test("a signature is of the claimed operator, with V 0, 1, 27 or 28")
    func recoveryNumbers() throws {
        var wire = try cluster.wire(cluster.prepare())
        let last = wire.msg.signature.index(before: wire.msg.signature.endIndex)
        wire.msg.signature[last] += 27
        #expect(try cluster.decode(wire).message.signature.count == 65)
        wire.msg.signature[last] += 2
        #expect(throws: MessageFault.badSignature(PeerIndex(1))) { try cluster.decode(wire) }
    }

    @Test("a known signature is not accepted for another signer or digest")
    func cache() throws {
        let message = cluster.prepare()
        #expect(try cluster.decode(cluster.wire(message)) == message)
        var wire = try cluster.wire(message)
        wire.msg.peerIdx = 2
        #expect(throws: MessageFault.badSignature(PeerIndex(2))) { try cluster.decode(wire) }
        wire = try cluster.wire(message)
        wire.msg.round = 2
        #expect(throws: MessageFault.badSignature(PeerIndex(1))) { try cluster.decode(wire) }
    }

    @Test("the memory of signatures is bounded and keeps the latest")
    func cacheBound() {
        let cache = VerifiedSignatures(capacity: 10)
        let entries = (0..<100).map { number in
            VerifiedSignatures.Entry(digest: Root(padding: [UInt8(number)]), signature: .zero, signer: 0)
        }
        for entry in entries { cache.insert(entry) }
        #expect(entries.suffix(10).count { cache.contains($0) } == 10)
        #expect(entries.count { cache.contains($0) } <= 20)
    }

    @Test("a value that came before is known by its bytes, whoever carries it; another one is not")
    func knownValues() throws {
        let cluster = TestCluster()
        let first = cluster.prepare()
        let bytes = try ConsensusCodec.encode(first)
        #expect(try cluster.codec.authenticate(cluster.codec.precheck(bytes)).known.isEmpty)
        #expect(try cluster.codec.decode(bytes) { _ in true } == first)
        let round = try ConsensusCodec.encode(cluster.roundChange())
        let authentic = try cluster.codec.authenticate(cluster.codec.precheck(round))
        #expect(authentic.values.isEmpty && authentic.known == first.values)
        #expect(try cluster.codec.decode(round) { _ in true } == cluster.roundChange())
        let other = try ConsensusCodec.encode(cluster.prepare(.attester(slot: 6)))
        #expect(try cluster.codec.authenticate(cluster.codec.precheck(other)).known.isEmpty)
    }
}
