import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ
import TestSupport
import Testing

@testable import PeerProtocols

/// The messages of one recorded instance in the order in which a node took them.
struct RecordedInstance: Sendable {
    let duty: Duty
    let messages: [QBFT.Message]

    /// The value and round that a quorum of three COMMITs of different nodes settled. Nil if there is none.
    var decision: (value: Root, round: Int64)? {
        let commits = messages.filter { $0.kind == .commit }
        for commit in commits {
            let sources = Set(commits.filter { $0.round == commit.round && $0.value == commit.value }.map(\.source))
            if sources.count >= 3 { return (commit.value, commit.round) }
        }
        return nil
    }

    func instance(of index: Int) -> QBFT.Instance {
        let offset = duty.slot.rawValue + UInt64(duty.type.rawValue)
        return QBFT.Instance(configuration: .init(nodes: 4, index: index, leaderOffset: offset))
    }

    /// From the streams that node 3 was sent.
    static func received(_ capture: WireCapture) throws -> [RecordedInstance] {
        let codec = ConsensusCodec(operators: capture.operators, validators: 4, duties: Set(DutyType.allCases))
        var order: [Duty] = []
        var messages: [Duty: [QBFT.Message]] = [:]
        for line in capture.lines(ConsensusProtocol.id) {
            let authentic = try codec.authenticate(codec.precheck(line.message))
            if messages[authentic.duty] == nil { order.append(authentic.duty) }
            messages[authentic.duty, default: []].append(authentic.message)
        }
        return order.map { RecordedInstance(duty: $0, messages: messages[$0] ?? []) }
    }

    /// From node 0's debug answer, its own messages included.
    static func dumped(_ capture: WireCapture) throws -> [RecordedInstance] {
        let codec = ConsensusCodec(operators: capture.operators, validators: 4, duties: Set(DutyType.allCases))
        let dump = try WireSniffedConsensusInstances(wire: capture.dump(), "SniffedConsensusInstances")
        return try dump.instances.filter { !$0.msgs.isEmpty }.map { instance in
            #expect(instance.nodes == 4 && instance.peerIdx == 0 && instance.protocolID == ConsensusProtocol.id)
            let authentic = try instance.msgs.map { try codec.authenticate(codec.precheck($0.msg.canonicalBytes())) }
            #expect(Set(authentic.map(\.duty)).count == 1)
            return RecordedInstance(duty: authentic[0].duty, messages: authentic.map(\.message))
        }
    }
}

extension WireCapture {
    /// `consensus-dump.pb.gz`, inflated by the system's gzip.
    func dump() throws -> [UInt8] {
        let root = try #require(Vectors.root)
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", root.appendingPathComponent("wire/\(version)/consensus-dump.pb.gz").path]
        let output = Pipe()
        gzip.standardOutput = output
        try gzip.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        gzip.waitUntilExit()
        try #require(gzip.terminationStatus == 0)
        return bytes
    }
}

/// Drives one instance through a recording as one of the nodes: others' messages come as recorded, its own are made,
/// sealed and fed back as the workflow does it.
private struct Replay {
    let recording: RecordedInstance
    let capture: WireCapture
    let index: Int
    private(set) var instance: QBFT.Instance
    private(set) var sent: [QBFT.Message] = []
    private(set) var decisions: [(value: Root, round: Int64, commits: [QBFT.Message])] = []
    private(set) var complaints: [String] = []

    init(_ recording: RecordedInstance, _ capture: WireCapture, as index: Int) {
        self.recording = recording
        self.capture = capture
        self.index = index
        instance = recording.instance(of: index)
    }

    mutating func receive(_ event: QBFT.Instance.Event) {
        var events = [event]
        while !events.isEmpty {
            for effect in instance.receive(events.removeFirst()) {
                switch effect {
                case .broadcast(let message, _):
                    let sealed = ConsensusCodec.seal(recording.duty, message, with: capture.operatorKeys[index])
                    sent.append(sealed)
                    events.append(.message(sealed))
                case .decided(let value, let round, _, let commits): decisions.append((value, round, commits))
                case .refused(let message, let reason): complaints.append("\(message.kind) refused: \(reason)")
                case .equivocated(let source, _, _): complaints.append("\(source) equivocated")
                case .inputRefused: complaints.append("input refused")
                case .answer, .rebroadcast, .startTimer, .stopTimer, .roundChanged: break
                }
            }
        }
    }
}

@Suite("recorded consensus, replayed", .enabled(if: Vectors.has("wire"), "needs shared/vectors/wire"))
struct ConsensusReplayTests {
    private func check(_ replay: Replay, _ recording: RecordedInstance) {
        #expect(replay.complaints == [], "\(recording.duty)")
        guard let decision = recording.decision else {
            #expect(replay.decisions.isEmpty, "\(recording.duty)")
            return
        }
        #expect(replay.decisions.count == 1, "\(recording.duty)")
        #expect(replay.decisions.first?.value == decision.value && replay.decisions.first?.round == decision.round)
        #expect((replay.decisions.first?.commits.count ?? 0) >= 3)
    }

    @Test("a node that only listens follows every recording to its decision", arguments: WireCapture.all)
    func listens(capture: WireCapture) throws {
        let recordings = try RecordedInstance.received(capture) + RecordedInstance.dumped(capture)
        #expect(recordings.count { $0.decision != nil } >= 60)
        #expect(Set(recordings.map(\.duty.type)) == [.proposer, .attester, .aggregator, .syncContribution])
        #expect(recordings.contains { ($0.decision?.round ?? 0) > 1 })
        for recording in recordings {
            var instance = recording.instance(of: 3)
            var decided: [Root] = []
            for event in [.start] + recording.messages.map({ QBFT.Instance.Event.message($0) }) {
                for effect in instance.receive(event) {
                    switch effect {
                    case .decided(let value, let round, _, _):
                        decided.append(value)
                        #expect(round == recording.decision?.round)
                    case .refused(_, let reason): Issue.record("\(recording.duty): \(reason)")
                    default: break
                    }
                }
            }
            #expect(decided == (recording.decision.map { [$0.value] } ?? []), "\(recording.duty)")
        }
    }

    @Test("a node that votes along reaches the same decision", arguments: WireCapture.all, [true, false])
    func votes(capture: WireCapture, startsFirst: Bool) throws {
        for recording in try RecordedInstance.received(capture) + RecordedInstance.dumped(capture) {
            var replay = Replay(recording, capture, as: 3)
            if startsFirst { replay.receive(.start) }
            for message in recording.messages { replay.receive(.message(message)) }
            // Late: everything waited in the buffer.
            if !startsFirst { replay.receive(.start) }
            guard recording.decision != nil else { continue }
            check(replay, recording)
        }
    }

    /// The strongest comparison: in node 0's seat we send what it sent. Its timers and its own value are taken from
    /// what it recorded of itself.
    @Test("in node 0's place we send, byte for byte, what Charon sent", arguments: WireCapture.all)
    func substitutes(capture: WireCapture) throws {
        var compared: [QBFT.Message.Kind: Int] = [:]
        for recording in try RecordedInstance.dumped(capture) {
            let own = recording.messages.filter { $0.source == 0 }
            var replay = Replay(recording, capture, as: 0)
            if let input = own.first(where: { $0.kind == .prePrepare })?.value { replay.receive(.input(input)) }
            replay.receive(.start)
            for message in recording.messages {
                if message.source != 0 {
                    replay.receive(.message(message))
                } else if message.kind == .roundChange, message.round == replay.instance.round + 1 {
                    replay.receive(.timerFired(round: replay.instance.round))
                }
            }
            check(replay, recording)
            for message in own {
                let ours = replay.sent.filter { $0.kind == message.kind && $0.round == message.round }
                #expect(ours.count == 1, "\(recording.duty) \(message.kind)")
                #expect(ours.first?.signature == message.signature, "\(recording.duty) \(message.kind)")
                let justification = Set(message.justification.map(\.signature))
                #expect(Set(ours.first?.justification.map(\.signature) ?? []) == justification)
                compared[message.kind, default: 0] += 1
            }
        }
        for kind in [QBFT.Message.Kind.prePrepare, .prepare, .commit, .roundChange] {
            #expect(compared[kind, default: 0] >= 20, "\(kind)")
        }
    }
}
