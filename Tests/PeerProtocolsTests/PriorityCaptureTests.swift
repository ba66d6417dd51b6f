import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import TestSupport
import Testing

@testable import PeerProtocols

/// What Charon v1.10.3 and its successor said in info-sync, requests, answers and consensus.
@Suite("recorded info-sync", .enabled(if: Vectors.has("wire2"), "needs shared/vectors/wire2"))
struct PriorityCaptureTests {
    private static let threshold = 3

    @Test("the recordings are complete")
    func complete() {
        #expect(WireCapture.participants.count == 3)
        let counts = WireCapture.participants.map { capture in
            PriorityProtocol.ids.reduce(0) { $0 + capture.lines($1).count }
        }
        #expect(counts == [21, 18, 3])
        for capture in WireCapture.participants {
            #expect(capture.lines.count { !$0.isExactlyFramed } == 0)
            #expect(capture.lines(ConsensusProtocol.id).count { $0.dutyType == 13 } == 7)
        }
        #expect(WireCapture.participants[0].lines(PriorityProtocol.ids[1]).count == 21)
        #expect(WireCapture.participants[1].lines(PriorityProtocol.ids[0]).count == 18)
    }

    @Test(
        "requests and answers decode, are their operators', encode to the same bytes and are signed to the same",
        arguments: WireCapture.participants)
    func messages(capture: WireCapture) throws {
        let codec = PriorityCodec(operators: capture.operators)
        for line in PriorityProtocol.ids.flatMap({ capture.lines($0) }) {
            #expect(!line.answer.isEmpty)
            var signers: Set<Int> = []
            for bytes in [line.message, line.answer] {
                let wire = try WirePriorityMsg(wire: bytes, "PriorityMsg")
                #expect(wire.canonicalBytes() == bytes)
                let signer = try #require(
                    capture.operators.indices.first { (try? codec.decode(bytes, from: PeerIndex($0)) { _ in }) != nil })
                signers.insert(signer)
                let message = try codec.decode(bytes, from: PeerIndex(signer)) { duty in
                    #expect(duty == Duty(slot: Slot(line.slot), type: .infoSync))
                }
                #expect(message.canonicalBytes() == bytes, "line \(line.number)")
                #expect(PriorityCodec.seal(message, with: capture.operatorKeys[signer]) == message)
                #expect(message.topics.map(\.topic.text) == ["version", "protocol", "proposal"])
                #expect(message.topics.allSatisfy { $0.priorities.allSatisfy { $0.text != nil } })
            }
            #expect(signers.count == 2 && signers.contains(3))
        }
    }

    /// The topics that a Charon of this version tells are those we would tell with its list of versions.
    @Test("ours are the topics of Charon v1.11")
    func ours() throws {
        let capture = WireCapture.participants[1]
        let line = try #require(capture.lines(PriorityProtocol.ids[0]).first)
        let theirs = try PriorityCodec(operators: capture.operators).decode(line.answer, from: PeerIndex(3)) { _ in }
        #expect(theirs.topics[0].priorities.compactMap(\.text) == CharonVersion.supportedMinors)
        let protocols = [ConsensusProtocol.id, ParSigExProtocol.id, PeerInfoProtocol.id] + PriorityProtocol.ids
        #expect(theirs.topics[1].priorities.compactMap(\.text) == protocols)
        #expect(theirs.topics[2].priorities.compactMap(\.text) == ["full"])
    }

    @Test(
        "consensus about priorities decodes, re-encodes, hashes to what was voted on, and is what we would have made",
        arguments: WireCapture.participants)
    func consensus(capture: WireCapture) throws {
        let codec = ConsensusCodec(operators: capture.operators, validators: capture.pubKeys.count)
        let lines = capture.lines(ConsensusProtocol.id).filter { $0.dutyType == 13 }
        for line in lines {
            let message = try codec.decode(line.message) { _ in true }
            #expect(message.duty == Duty(slot: Slot(line.slot), type: .infoSync))
            #expect(try ConsensusCodec.encode(message) == line.message, "line \(line.number)")
            #expect(message.values.keys.sorted() == [message.message.value])
            for (hash, value) in message.values {
                guard case .priorities(let result) = value else {
                    Issue.record("a set of duties")
                    continue
                }
                #expect(value.valueHash() == hash)
                let again = try PriorityResult(of: result.messages, threshold: Self.threshold)
                #expect(again == result, "line \(line.number)")
                #expect(result.messages.count == 4)
                #expect(result.agreed("version").last == "v1.0" && result.agreed("proposal").last == "full")
            }
        }
    }

    @Test("a node that listens, and one that votes along, decide what was decided", arguments: WireCapture.participants)
    func replay(capture: WireCapture) throws {
        let codec = ConsensusCodec(operators: capture.operators, validators: capture.pubKeys.count)
        let messages = try capture.lines(ConsensusProtocol.id).filter { $0.dutyType == 13 }
            .map { try codec.decode($0.message) { _ in true } }
        let duty = try #require(messages.first?.duty)
        #expect(messages.allSatisfy { $0.duty == duty })
        let offset = duty.slot.rawValue &+ UInt64(duty.type.rawValue)
        for votesAlong in [false, true] {
            var instance = QBFT.Instance(configuration: .init(nodes: 4, index: 3, leaderOffset: offset))
            var decided: [Root] = []
            var events = [QBFT.Instance.Event.start] + messages.map { .message($0.message) }
            while !events.isEmpty {
                for effect in instance.receive(events.removeFirst()) {
                    switch effect {
                    case .decided(let value, let round, _, _):
                        decided.append(value)
                        #expect(round == 1)
                    case .broadcast(let vote, _) where votesAlong:
                        events.insert(
                            .message(ConsensusCodec.seal(duty, vote, with: capture.operatorKeys[3])), at: 0)
                    case .refused(_, let reason): Issue.record("\(reason)")
                    default: break
                    }
                }
            }
            #expect(decided == [messages[0].message.value])
        }
    }
}
