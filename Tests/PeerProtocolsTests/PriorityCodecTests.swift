import DutyWorkflow
import Ethereum
import Foundation
import Libp2p
import QBFT
import SSZ
import SwiftProtobuf
import Testing

@testable import PeerProtocols

extension TestCluster {
    static let infoSync = Duty(slot: 31, type: .infoSync)

    func priorities(
        _ node: Int, versions: [String] = ["v1.11", "v1.10"], duty: Duty = infoSync
    ) -> PriorityMessage {
        let message = PriorityMessage(
            duty: duty,
            topics: [
                .init(topic: PriorityAny("version"), priorities: versions.map { PriorityAny($0) }),
                .init(topic: PriorityAny("proposal"), priorities: [PriorityAny("full")]),
            ], peerID: PeerID(keys[node].publicKey).description)
        return PriorityCodec.seal(message, with: keys[node])
    }
}

@Suite("priority codec")
struct PriorityCodecTests {
    private let cluster = TestCluster()
    private let codec: PriorityCodec
    private let sender = PeerIndex(1)

    init() { codec = PriorityCodec(operators: cluster.keys.map(\.publicKey)) }

    private func decode(_ bytes: [UInt8]) throws -> PriorityMessage { try codec.decode(bytes, from: sender) { _ in } }

    /// Signs a wire message again after it was changed.
    private func resealed(_ change: (inout WirePriorityMsg) throws -> Void) throws -> [UInt8] {
        var wire = try WirePriorityMsg(wire: cluster.priorities(1).canonicalBytes(), "PriorityMsg")
        try change(&wire)
        wire.signature = Data()
        wire.signature = Data(cluster.keys[1].sign(digest: consensusHashRoot(wire.canonicalBytes())).bytes)
        return wire.canonicalBytes()
    }

    @Test("a message survives, and is its sender's alone")
    func roundTrip() throws {
        let message = cluster.priorities(1)
        #expect(try decode(message.canonicalBytes()) == message)
        #expect(try decode(resealed { _ in }) == message)
        #expect(throws: MessageFault.foreignPriorities(from: PeerIndex(2))) {
            try codec.decode(message.canonicalBytes(), from: PeerIndex(2)) { _ in }
        }
    }

    @Test("the duty gate is asked first")
    func gate() {
        var bytes = cluster.priorities(1).canonicalBytes()
        bytes[bytes.count - 1] ^= 1
        #expect(throws: MessageFault.dutyNotAdmitted(TestCluster.infoSync)) {
            try codec.decode(bytes, from: sender) { duty throws(MessageFault) in throw .dutyNotAdmitted(duty) }
        }
    }

    @Test("a second duty in one message does not pass the gate in the first one's name")
    func twoDuties() throws {
        let second = WirePriorityMsg.with { $0.duty = WireDuty(Duty(slot: 99, type: .infoSync)) }.canonicalBytes()
        #expect(throws: MessageFault.dutyNotAdmitted(Duty(slot: 99, type: .infoSync))) {
            try codec.decode(cluster.priorities(1).canonicalBytes() + second, from: sender) {
                duty throws(MessageFault) in
                guard duty.slot == 31 else { throw .dutyNotAdmitted(duty) }
            }
        }
    }

    @Test("faults have their names")
    func faults() throws {
        let signed = cluster.priorities(1)
        func changed(_ change: (inout PriorityMessage) -> Void) -> [UInt8] {
            var message = signed
            change(&message)
            return message.canonicalBytes()
        }
        let rows: [(MessageFault, [UInt8])] = [
            (.badSignature(sender), changed { $0.topics[0].priorities.swapAt(0, 1) }),
            (.badSignature(sender), changed { $0.signature[64] ^= 1 }),
            (.badSignature(sender), changed { $0.signature = [] }),
            (.badSignature(sender), changed { $0.signature.append(0) }),
            (.foreignPriorities(from: sender), cluster.priorities(2).canonicalBytes()),
            (.foreignPriorities(from: sender), changed { $0.peerID = "nobody" }),
            (.undecodable("PriorityMsg"), [0x12, 0xff]),
            (.missingField("duty"), try resealed { $0.clearDuty() }),
            (.missingField("topic"), try resealed { $0.topics[0].clearTopic() }),
            (
                .dutyType(.unsupportedDuty(.attester)),
                try resealed { $0.duty = WireDuty(.attester(slot: 31)) }
            ),
            (.notCanonical, try resealed { try $0.merge(serializedBytes: [0x78, 1]) }),
            (
                .tooMany("topics", limit: 16),
                try resealed { $0.topics = Array(repeating: $0.topics[0], count: 17) }
            ),
            (
                .tooMany("priorities", limit: 256),
                try resealed { $0.topics[0].priorities = Array(repeating: .init(), count: 257) }
            ),
            (
                .oversized(bytes: 16 << 10 + 1, limit: 16 << 10),
                [UInt8](repeating: 0, count: 16 << 10 + 1)
            ),
        ]
        for (fault, bytes) in rows where fault.label != "oversized" {
            #expect(throws: fault) { try decode(bytes) }
        }
        #expect(throws: MessageFault.oversized(bytes: 20_000, limit: 16_384)) {
            try decode([UInt8](repeating: 0x0a, count: 20_000))
        }
    }

    // MARK: In consensus

    private func proposal(_ result: PriorityResult) -> ConsensusMessage {
        let value = ConsensusValue.priorities(result)
        let hash = value.valueHash()
        let vote = QBFT.Message(.prepare, round: 1, source: 2, value: hash)
        return ConsensusMessage(
            duty: TestCluster.infoSync, message: cluster.sealed(TestCluster.infoSync, vote), values: [hash: value])
    }

    private func result(_ nodes: [Int] = [0, 1, 2, 3]) throws -> PriorityResult {
        try PriorityResult(of: nodes.map { cluster.priorities($0) }, threshold: 3)
    }

    @Test("a result travels as the value of a vote, under its own type")
    func value() throws {
        let message = proposal(try result())
        let bytes = try ConsensusCodec.encode(message)
        #expect(try cluster.codec.decode(bytes) { _ in true } == message)
        // The second time it is known.
        #expect(try cluster.codec.decode(bytes) { _ in true } == message)
        let wire = try cluster.wire(message)
        #expect(wire.values.map(\.typeURL) == ["type.googleapis.com/core.corepb.v1.PriorityResult"])
    }

    @Test("each kind of value is refused in duties of the other")
    func kinds() throws {
        for (from, to) in [
            (proposal(try result()), Duty.attester(slot: 31)), (cluster.prepare(), TestCluster.infoSync),
        ] {
            var wire = try cluster.wire(from)
            wire.msg.duty = WireDuty(to)
            cluster.reseal(&wire.msg)
            #expect(throws: MessageFault.self) { try cluster.decode(wire) }
            let other = try cluster.wire(to.type == .infoSync ? proposal(try result()) : cluster.prepare())
            wire.values[0].typeURL = other.values[0].typeURL
            #expect(throws: MessageFault.self) { try cluster.decode(wire) }
        }
    }

    @Test("a message in a result is its operator's, or the result is refused")
    func forged() throws {
        var forged = try result()
        forged.messages[1].topics[0].priorities = [PriorityAny("v9.9")]
        #expect(throws: MessageFault.badSignature(PeerIndex(1))) {
            try cluster.codec.decode(ConsensusCodec.encode(proposal(forged))) { _ in true }
        }
        var stranger = try result()
        stranger.messages[0].peerID = "stranger"
        #expect(throws: MessageFault.unknownSender) {
            try cluster.codec.decode(ConsensusCodec.encode(proposal(stranger))) { _ in true }
        }
        var nobodys = try result()
        nobodys.messages = []
        #expect(throws: MessageFault.emptySet) {
            try cluster.codec.decode(ConsensusCodec.encode(proposal(nobodys))) { _ in true }
        }
    }

    @Test("entries of a result are counted before anything is built")
    func bounds() throws {
        let result = try result()
        func check(_ fault: MessageFault, _ change: (inout PriorityResult) -> Void) throws {
            var large = result
            change(&large)
            let bytes = try ConsensusCodec.encode(proposal(large))
            #expect(throws: fault) { try cluster.codec.precheck(bytes) }
        }
        try check(.tooMany("priority messages", limit: 4)) { $0.messages.append($0.messages[0]) }
        try check(.tooMany("topics", limit: 64)) { $0.topics = Array(repeating: $0.topics[0], count: 65) }
        try check(.tooMany("priorities", limit: 1024)) {
            let empty = PriorityResult.ScoredResult(priority: PriorityAny(typeURL: [], value: []), score: 0)
            $0.topics[0].priorities = Array(repeating: empty, count: 1025)
        }
        try check(.tooMany("priorities", limit: 256)) {
            $0.messages[0].topics[0].priorities = Array(repeating: PriorityAny(typeURL: [], value: []), count: 257)
        }
        try check(.oversized(bytes: 16_385, limit: 16_384)) {
            let spare = 16_385 - $0.messages[0].canonicalBytes().count
            // The length of the text takes two bytes more than that of one.
            $0.messages[0].peerID += String(repeating: "x", count: spare - 1)
        }
        #expect(throws: Never.self) { try cluster.codec.precheck(ConsensusCodec.encode(proposal(result))) }
        let huge = [UInt8](repeating: 0, count: 2 << 20)
        var wire = try cluster.wire(proposal(result))
        wire.values.append(.with { $0.value = Data(huge) })
        #expect(throws: MessageFault.self) { try cluster.codec.precheck(wire.canonicalBytes()) }
    }
}
