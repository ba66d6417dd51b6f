import DutyWorkflow
import Ethereum
import PeerProtocols
import QBFT
import SSZ
import Testing

@testable import FuzzTargets

/// Operators that sign two things, or send again what was signed before: it is reported, and changes nothing.
@Suite("equivocating and replayed messages")
struct PeerMisbehaviourTests {
    /// Of round 1 of `Known.duty`: (20 + 2 + 1) mod 4. This node is 0, so 1 and 2 are plain peers.
    private static let leader = 3

    /// One node in the middle of a duty, watched: what it does, and what it reports.
    struct Watched {
        private var workflow = Workflow(configuration: WorkflowFuzz.configuration) { Known.sealed($0, $1) }
        private let now = Known.clock.start(of: Slot(Known.slot)) + .seconds(5)
        private(set) var done: [String] = []
        private(set) var faults: [String] = []

        /// - Returns: what it did, in order.
        @discardableResult
        mutating func receive(_ event: Event) -> [String] {
            var did: [String] = []
            for effect in workflow.receive(event, at: now) {
                if case .report(.fault(let duty, let what)) = effect {
                    #expect(duty == Known.duty)
                    faults.append(what.description)
                } else {
                    did.append(Self.text(effect))
                }
            }
            done += did
            return did
        }

        var nextWake: Instant { workflow.nextWake(after: now) }

        @discardableResult
        mutating func receive(_ kind: QBFT.Message.Kind, from source: Int, seed: UInt8 = 1) -> [String] {
            receive(.consensusMessage(Known.vote(kind, source: source, seed: seed)))
        }

        @discardableResult
        mutating func receive(share: Int, seed: UInt8 = 1, slot: UInt64 = Known.slot) -> [String] {
            receive(.peerPartials(Known.duty, Known.partials(share: share, slot: slot, seed: seed, validators: 1)))
        }

        /// Everything of an effect that matters here.
        private static func text(_ effect: Effect) -> String {
            switch effect {
            case .persist(.vote(_, let message, let values)): "persist \(message.kind) \(message.value) \(values.count)"
            case .persist(.unsigned(_, let set)): "persist value \(set.valueHash())"
            case .persist(.attestationWatermark(let pubKey, let mark)): "persist \(pubKey) \(mark)"
            case .persist(.partials(_, let set, _)): "persist \(set.count) own shares"
            case .note(.partials(_, let set, _)):
                "note \(set.map { "\($0.value.shareIndex) \($0.value.data.messageRoot)" })"
            case .sendConsensus(let message):
                "send \(message.message.kind) \(message.message.value) \(message.message.justification.count)"
            case .recover(_, let groups): "recover \(groups.map { "\($0.key) \($0.value.signatures.keys.sorted())" })"
            case .report(let report): "\(report)"
            default: "\(effect)"
            }
        }
    }

    typealias Step = @Sendable (inout Watched) -> Void

    private static let honest: [Step] = [
        { $0.receive(.prePrepare, from: leader) }, { $0.receive(.prepare, from: 1) }, { $0.receive(.prepare, from: 2) },
        { $0.receive(.commit, from: 1) }, { $0.receive(.commit, from: 2) }, { $0.receive(share: 2) },
        { $0.receive(share: 3) }, { $0.receive(share: 4) },
    ]

    @Test("the undisturbed duty decides, collects and combines")
    func undisturbed() {
        var node = Watched()
        for step in Self.honest { step(&node) }
        let value = Known.unsigned().valueHash()
        #expect(node.faults.isEmpty)
        #expect(node.done.contains("persist value \(value)") && node.done.contains("send commit \(value) 0"))
        #expect(node.done.contains { $0.hasPrefix("recover") })
    }

    struct Misdeed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// After so many honest steps.
        let after: Int
        /// Nil: it is no news, and nobody's fault that can be told.
        let fault: String?
        let act: Step
    }

    static let misdeeds: [Misdeed] = [
        Misdeed(testDescription: "two proposals", after: 3, fault: "operator 3 sent two different") {
            $0.receive(.prePrepare, from: leader, seed: 2)
        },
        Misdeed(testDescription: "two prepares", after: 3, fault: "operator 1 sent two different") {
            $0.receive(.prepare, from: 1, seed: 2)
        },
        Misdeed(testDescription: "two commits", after: 4, fault: "operator 1 sent two different") {
            $0.receive(.commit, from: 1, seed: 2)
        },
        Misdeed(
            testDescription: "a proposal of another than the leader", after: 3, fault: "refused a message of operator 1"
        ) {
            $0.receive(.prePrepare, from: 1, seed: 2)
        },
        Misdeed(testDescription: "two shares", after: 6, fault: "share 2 signed two different messages") {
            $0.receive(share: 2, seed: 2)
        },
        Misdeed(
            testDescription: "a share of another duty", after: 6,
            fault: "share 3 sent a signature signed for another duty"
        ) {
            $0.receive(share: 3, slot: Known.slot - 1)
        },
        Misdeed(testDescription: "a proposal again", after: 3, fault: nil) {
            $0.receive(.prePrepare, from: leader, seed: 1)
        },
        Misdeed(testDescription: "a prepare again", after: 3, fault: nil) { $0.receive(.prepare, from: 1, seed: 1) },
        Misdeed(testDescription: "a commit again", after: 4, fault: nil) { $0.receive(.commit, from: 1, seed: 1) },
        Misdeed(testDescription: "a share again", after: 6, fault: nil) { $0.receive(share: 2) },
    ]

    /// The misdeed itself does nothing but its report, and the duty goes on exactly as without it.
    @Test("is reported and changes nothing", arguments: misdeeds)
    func changesNothing(misdeed: Misdeed) {
        var undisturbed = Watched()
        var disturbed = Watched()
        for step in Self.honest.prefix(misdeed.after) {
            step(&undisturbed)
            step(&disturbed)
        }
        misdeed.act(&disturbed)
        #expect(disturbed.done == undisturbed.done && disturbed.nextWake == undisturbed.nextWake)
        for step in Self.honest.dropFirst(misdeed.after) {
            step(&undisturbed)
            step(&disturbed)
        }
        #expect(disturbed.done == undisturbed.done && disturbed.nextWake == undisturbed.nextWake)
        if let fault = misdeed.fault {
            #expect(
                disturbed.faults.count == 1 && disturbed.faults.first?.hasPrefix(fault) == true, "\(disturbed.faults)")
        } else {
            #expect(disturbed.faults.isEmpty)
        }
        #expect(undisturbed.faults.isEmpty)
    }

    /// A message of one duty under the name of another never gets as far as the workflow: the signature covers both.
    @Test("a vote replayed for another duty, or under another name, is refused before anything else")
    func replayed() throws {
        let codec = ConsensusCodec(operators: Known.keys.map(\.publicKey), validators: 64)
        let honest = Known.vote(.commit, source: 1)
        var duty = honest
        duty.duty = .attester(slot: Slot(Known.slot + 1))
        var source = honest
        source.message.source = 2
        var round = honest
        round.message.round = 2
        var kind = honest
        kind.message.kind = .prepare
        for (replayed, operatorIndex) in [(duty, 1), (source, 2), (round, 1), (kind, 1)] {
            let wire = try ConsensusCodec.encode(replayed)
            #expect(throws: MessageFault.badSignature(PeerIndex(operatorIndex))) {
                try codec.decode(wire, admits: { _ in true })
            }
        }
        #expect(try codec.decode(ConsensusCodec.encode(honest), admits: { _ in true }) == honest)
    }
}
