import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ
import SwiftProtobuf
import TestSupport
import Testing

@testable import PeerProtocols

/// One thing wrong with a good message, and the fault it must give.
struct Tampering: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Of the prepared ROUND_CHANGE of `TestCluster`, else of its PREPARE.
    var ofRoundChange = false
    let fault: MessageFault
    let change: @Sendable (inout WireQBFTConsensusMsg, TestCluster) throws -> Void

    static let rows: [Tampering] = [
        Tampering(testDescription: "no message", fault: .missingField("msg")) { wire, _ in wire.clearMsg() },
        Tampering(testDescription: "no duty", fault: .missingField("duty")) { wire, _ in wire.msg.clearDuty() },
        Tampering(testDescription: "no duty in a justification", ofRoundChange: true, fault: .missingField("duty")) {
            wire, _ in wire.justification[2].clearDuty()
        },
        Tampering(testDescription: "empty duty", fault: .dutyType(.unknownDutyType(0))) { wire, _ in
            wire.msg.duty = WireDuty()
        },
        Tampering(testDescription: "duty type 14", fault: .dutyType(.unknownDutyType(14))) { wire, _ in
            wire.msg.duty.type = 14
        },
        Tampering(testDescription: "negative duty type", fault: .dutyType(.unknownDutyType(-2))) { wire, _ in
            wire.msg.duty.type = -2
        },
        Tampering(testDescription: "deprecated duty", fault: .dutyType(.deprecatedDuty(.builderProposer))) {
            wire, _ in wire.msg.duty.type = 5
        },
        Tampering(testDescription: "type 0", fault: .outOfRange("type", 0)) { wire, _ in wire.msg.type = 0 },
        Tampering(testDescription: "type 6", fault: .outOfRange("type", 6)) { wire, _ in wire.msg.type = 6 },
        Tampering(testDescription: "type 2^32 + 1", fault: .outOfRange("type", 1 << 32 + 1)) { wire, _ in
            wire.msg.type = 1 << 32 + 1
        },
        Tampering(testDescription: "round 0", fault: .outOfRange("round", 0)) { wire, _ in wire.msg.round = 0 },
        Tampering(testDescription: "round -1", fault: .outOfRange("round", -1)) { wire, _ in wire.msg.round = -1 },
        Tampering(testDescription: "prepared round -1", fault: .outOfRange("prepared_round", -1)) { wire, _ in
            wire.msg.preparedRound = -1
        },
        Tampering(testDescription: "operator 4 of 4", fault: .unknownPeer(4)) { wire, _ in wire.msg.peerIdx = 4 },
        Tampering(testDescription: "operator -1", fault: .unknownPeer(-1)) { wire, _ in wire.msg.peerIdx = -1 },
        Tampering(testDescription: "operator 2^63 - 1", fault: .unknownPeer(.max)) { wire, _ in
            wire.msg.peerIdx = .max
        },
        Tampering(testDescription: "another operator", fault: .badSignature(PeerIndex(3))) { wire, _ in
            wire.msg.peerIdx = 3
        },
        Tampering(testDescription: "no signature", fault: .badSignature(PeerIndex(1))) { wire, _ in
            wire.msg.signature = Data()
        },
        Tampering(testDescription: "64 bytes of signature", fault: .badSignature(PeerIndex(1))) { wire, _ in
            wire.msg.signature.removeLast()
        },
        Tampering(testDescription: "66 bytes of signature", fault: .badSignature(PeerIndex(1))) { wire, _ in
            wire.msg.signature.append(0)
        },
        Tampering(testDescription: "zero signature", fault: .badSignature(PeerIndex(1))) { wire, _ in
            wire.msg.signature = Data(count: 65)
        },
        Tampering(testDescription: "flipped bit", fault: .badSignature(PeerIndex(1))) { wire, _ in
            wire.msg.signature[wire.msg.signature.startIndex + 40] ^= 1
        },
        Tampering(testDescription: "33-byte hash, signed as 32", fault: .badSignature(PeerIndex(1))) { wire, _ in
            wire.msg.valueHash.append(0)
        },
        Tampering(testDescription: "changed justification", ofRoundChange: true, fault: .badSignature(PeerIndex(2))) {
            wire, _ in wire.justification[2].round = 7
        },
        Tampering(
            testDescription: "justification of another duty", ofRoundChange: true,
            fault: .foreignJustification(.attester(slot: 6))
        ) { wire, cluster in
            wire.justification[1].duty.slot = 6
            cluster.reseal(&wire.justification[1])
        },
        Tampering(
            testDescription: "justification of another type of duty", ofRoundChange: true,
            fault: .foreignJustification(Duty(slot: 5, type: .proposer))
        ) { wire, cluster in
            wire.justification[1].duty.type = 1
            cluster.reseal(&wire.justification[1])
        },
        Tampering(testDescription: "nine justifications of four nodes", fault: .tooMany("justifications", limit: 8)) {
            wire, _ in wire.justification = Array(repeating: wire.msg, count: 9)
        },
        Tampering(testDescription: "three values for one message", fault: .tooMany("values", limit: 2)) { wire, _ in
            wire.values = Array(repeating: wire.values[0], count: 3)
        },
        Tampering(
            testDescription: "nine values for four messages", ofRoundChange: true, fault: .tooMany("values", limit: 8)
        ) { wire, _ in wire.values = Array(repeating: wire.values[0], count: 9) },
        Tampering(testDescription: "value of another type", fault: .value(.malformed("value of another type"))) {
            wire, _ in wire.values[0].typeURL = "a/core.corepb.v1.Duty"
        },
        Tampering(testDescription: "value that is no protobuf", fault: .undecodable("UnsignedDataSet")) { wire, _ in
            wire.values[0].value = Data([0xff])
        },
        Tampering(testDescription: "empty set", fault: .emptySet) { wire, cluster in
            wire.values.append(wire.values[0])
            wire.values[1].value = Data()
        },
        Tampering(testDescription: "upper-case public key", fault: .malformedPublicKey) { wire, cluster in
            let set = try WireUnsignedDataSet(wire: wire.values[0].value, "UnsignedDataSet")
            try cluster.vote(&wire) { $0.set = [set.set.keys.first?.uppercased() ?? "": Data()] }
        },
        Tampering(testDescription: "value with an unknown field", fault: .notCanonical) { wire, cluster in
            try cluster.vote(&wire) { $0 = try WireUnsignedDataSet(wire: $0.canonicalBytes() + [0x78, 1], "set") }
        },
    ]
}

extension TestCluster {
    /// Replaces the value of a PREPARE and votes for it.
    func vote(
        _ wire: inout WireQBFTConsensusMsg, _ change: (inout WireUnsignedDataSet) throws -> Void
    ) throws {
        var set = try WireUnsignedDataSet(wire: wire.values[0].value, "UnsignedDataSet")
        try change(&set)
        wire.values[0].value = Data(set.canonicalBytes())
        wire.msg.valueHash = Data(consensusHashRoot(set.canonicalBytes()).bytes)
        reseal(&wire.msg)
    }
}

@Suite("hostile consensus messages")
struct ConsensusFaultTests {
    private let cluster = TestCluster()

    @Test("a changed message is refused for the right reason", arguments: Tampering.rows)
    func tampered(row: Tampering) throws {
        var wire = try cluster.wire(row.ofRoundChange ? cluster.roundChange() : cluster.prepare())
        try row.change(&wire, cluster)
        #expect(throws: row.fault) { try cluster.decode(wire) }
    }

    @Test("every hash needs its value: the message's, the prepared one and each justification's", arguments: 0..<3)
    func missingValues(which: Int) throws {
        let other = cluster.value(slot: 5, seed: 3)
        var message = cluster.roundChange()
        switch which {
        case 0: message.message.value = other.valueHash()
        case 1: message.message.preparedValue = other.valueHash()
        default:
            message.message.justification[1] = cluster.sealed(
                message.duty, QBFT.Message(.prepare, round: 1, source: 1, value: other.valueHash()))
        }
        message.message = cluster.sealed(message.duty, message.message)
        message.values[other.valueHash()] = .duties(other)
        var wire = try cluster.wire(message)
        #expect(try cluster.decode(wire) == message)
        wire.values.removeAll { Array($0.value) == other.canonicalBytes() }
        #expect(throws: MessageFault.missingValue(other.valueHash())) { try cluster.decode(wire) }
    }

    @Test("33-byte hashes mean no value when signed so")
    func longHash() throws {
        var wire = try cluster.wire(cluster.prepare())
        wire.msg.valueHash.append(0)
        cluster.reseal(&wire.msg)
        let message = try cluster.decode(wire)
        #expect(message.message.value == .zero && message.values.isEmpty)
    }

    @Test("an entry's bytes decode strictly", arguments: [0, 1, 7, 8, 100, 231, 233])
    func valueLengths(length: Int) throws {
        var wire = try cluster.wire(cluster.prepare())
        try cluster.vote(&wire) { set in
            for (key, value) in set.set {
                set.set[key] = value.prefix(length) + Data(count: max(0, length - value.count))
            }
        }
        #expect {
            try cluster.decode(wire)
        } throws: { error in
            if case .value? = error as? MessageFault { true } else { false }
        }
    }

    @Test("no prefix of a message is a message")
    func truncated() throws {
        for message in [cluster.prepare(), cluster.roundChange()] {
            let bytes = try ConsensusCodec.encode(message)
            for length in bytes.indices {
                #expect(throws: MessageFault.self) {
                    try cluster.codec.decode(Array(bytes.prefix(length))) { _ in true }
                }
            }
        }
    }

    @Test("what follows a message is refused or ignored, never misread")
    func trailing() throws {
        let message = cluster.prepare()
        let bytes = try ConsensusCodec.encode(message)
        #expect(throws: MessageFault.undecodable("QBFTConsensusMsg")) {
            try cluster.codec.decode(bytes + [0]) { _ in true }
        }
        // An unknown field of a later version.
        #expect(try cluster.codec.decode(bytes + [0x78, 1]) { _ in true } == message)
        // A second msg is merged into the first by every protobuf decoder; the signature then fails.
        var second = WireQBFTMsg()
        second.round = 9
        let merged = bytes + [0x0a, 2] + second.canonicalBytes()
        #expect(throws: MessageFault.badSignature(PeerIndex(1))) { try cluster.codec.decode(merged) { _ in true } }
    }

    @Test("fields of another wire type count as absent")
    func wrongWireTypes() {
        // Field 1 as a varint.
        #expect(throws: MessageFault.missingField("msg")) { try cluster.codec.decode([0x08, 1]) { _ in true } }
        #expect(throws: MessageFault.missingField("msg")) { try cluster.codec.decode([]) { _ in true } }
        // type as bytes, duty as a varint.
        #expect(throws: MessageFault.missingField("duty")) {
            try cluster.codec.decode([0x0a, 5, 0x0a, 1, 1, 0x10, 1]) { _ in true }
        }
    }

    @Test("floods of empty entries are counted before they are decoded", arguments: [UInt8(0x12), 0x1a])
    func floods(tag: UInt8) throws {
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        let flood = bytes + Array(repeating: [tag, 0], count: 1 << 20).joined()
        let fault = tag == 0x12 ? MessageFault.tooMany("justifications", limit: 8) : .tooMany("values", limit: 18)
        #expect(throws: fault) { try cluster.codec.decode(flood) { _ in true } }
    }

    @Test("a value with more entries than validators is not decoded")
    func valueFlood() throws {
        var wire = try cluster.wire(cluster.prepare())
        var flood: [UInt8] = []
        for number in 0..<5000 {
            flood += [0x0a, 5, 0x0a, 3, UInt8(number & 0x7f), UInt8(number >> 7 & 0x7f), UInt8(number >> 14)]
        }
        wire.values[0].value.append(contentsOf: flood)
        #expect(throws: MessageFault.tooMany("validators", limit: 3)) { try cluster.decode(wire) }
    }

    @Test("more than 32 MiB is not looked at")
    func oversized() {
        let limit = ConsensusCodec.messageBytesMax
        #expect(throws: MessageFault.oversized(bytes: limit + 1, limit: limit)) {
            try cluster.codec.decode([UInt8](repeating: 0xff, count: limit + 1)) { _ in true }
        }
    }

    @Test("a message is no larger than its cluster can need", arguments: [(1, 4), (3, 4), (100, 7), (1000, 4)])
    func sizeLimit(validators: Int, nodes: Int) throws {
        let cluster = TestCluster(nodes: nodes, validators: 1)
        let codec = ConsensusCodec(operators: cluster.keys.map(\.publicKey), validators: validators)
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        let votes = 2 * nodes + 1
        let limit = 2 * votes * (validators * 344 + 2048) + votes * 1024
        // Field 15: a later version's, so nothing but its size is wrong.
        func padded(to size: Int) -> [UInt8] {
            var padding = [UInt8](repeating: 0, count: size - bytes.count - 5)
            padding.insert(contentsOf: [0x7a] + varint(padding.count, bytes: 4), at: 0)
            return bytes + padding
        }
        #expect(try codec.decode(padded(to: limit)) { _ in true } == cluster.prepare())
        #expect(throws: MessageFault.oversized(bytes: limit + 1, limit: limit)) {
            try codec.precheck(padded(to: limit + 1))
        }
    }

    /// Not the shortest form, so that it takes as many bytes as wanted.
    private func varint(_ value: Int, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(value >> (7 * $0) & 0x7f) | ($0 < bytes - 1 ? 0x80 : 0) }
    }

    @Test("one entry is no larger than its duty can need", arguments: [(2048, true), (3000, false)])
    func entryLimit(bytes: Int, passes: Bool) throws {
        var wire = try cluster.wire(cluster.prepare())
        try cluster.vote(&wire) { set in
            for key in set.set.keys { set.set[key] = Data(count: bytes) }
        }
        let precheck = Result { try cluster.codec.precheck(wire.canonicalBytes()) }
        #expect(((try? precheck.get()) != nil) == passes)
    }

    @Test("before anything is decoded the claimed duty, kind and signer are known, and the size of the values")
    func prechecked() throws {
        for message in [cluster.prepare(), cluster.roundChange()] {
            let bytes = try ConsensusCodec.encode(message)
            let prechecked = try cluster.codec.precheck(bytes)
            #expect(prechecked.duty == message.duty && prechecked.kind == message.message.kind)
            #expect(prechecked.signer == PeerIndex(message.message.source))
            #expect(prechecked.valueBytes > 3 * 340 && prechecked.valueBytes < 3 * 400)
            #expect(try cluster.codec.decode(prechecked) == message)
        }
    }

    /// Every decoder merges the parts of a message that come in pieces: the gate must be asked about the whole.
    @Test("a duty told in two pieces is checked as it is decoded")
    func merged() throws {
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        var second = WireQBFTMsg()
        second.duty = WireDuty()
        second.duty.slot = 99
        let merged = bytes + [0x0a, UInt8(second.canonicalBytes().count)] + second.canonicalBytes()
        #expect(try cluster.codec.precheck(merged).duty == .attester(slot: 99))
        #expect(throws: MessageFault.dutyNotAdmitted(.attester(slot: 99))) {
            try cluster.codec.decode(merged) { $0.slot == 5 }
        }
    }

    @Test("random and damaged bytes never trap", arguments: 0..<60 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let original = cluster.roundChange()
        let good = try ConsensusCodec.encode(original)
        for _ in 0..<20 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            // The list of justifications is not signed: damage may lose one, never change one.
            if let decoded = try? cluster.codec.decode(bytes, admits: { _ in true }) {
                let kept = decoded.message.justification
                let isHonest = kept.allSatisfy(original.message.justification.contains)
                var bare = decoded
                bare.message.justification = original.message.justification
                #expect(isHonest && bare.message == original.message && bare.values == original.values)
            }
            let noise = random.bytes(Int.random(in: 0...300, using: &random))
            #expect(throws: MessageFault.self) { try cluster.codec.decode(noise) { _ in true } }
        }
    }
}
