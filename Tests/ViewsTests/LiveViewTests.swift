import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow
@testable import Views

@Suite("what happens at a node, for people who watch")
struct LiveViewTests {
    private static func counts(_ row: LiveDuty?) -> [Int]? { row?.marks.map(\.count) }

    @Test("a duty's row has its round, leader, times and signers")
    func complete() throws {
        var scene = LiveScene()
        let duty = scene.duty(5)
        scene.complete(duty, signers: [0, 1, 3], round: 2)
        let row = try #require(scene.view.duties.first)
        #expect(row.duty == duty && row.validators == 3 && row.outcome == .done)
        #expect(row.round == 2 && row.leader == PeerIndex(1))
        #expect(row.startToDecided == .milliseconds(13) && row.decidedToBroadcast == .milliseconds(18))
        #expect(row.beginToBroadcast == .milliseconds(31))
        #expect(Self.counts(row) == [3, 3, 0, 3])
        #expect(scene.view.succeeded == 1 && scene.view.failed == 0)
    }

    @Test("a validator counts once for an operator, however often it is signed for, and strangers do not count")
    func repeated() {
        var scene = LiveScene()
        let duty = scene.duty(5)
        scene.report(.started(duty, validators: 3), at: scene.time(5))
        for _ in 0..<8 { scene.sign(duty, by: [1], [scene.pubKeys[0]], at: scene.time(5)) }
        scene.sign(duty, by: [2], [LiveScene.pubKey(77)], at: scene.time(5))
        scene.sign(duty, by: [9], at: scene.time(5))
        #expect(Self.counts(scene.view.rows[duty]) == [0, 1, 0, 0])
        #expect(scene.view.operators[2].lastSigned == nil)
    }

    @Test("what the tracker counted in the end holds, and later signatures change nothing")
    func settled() {
        var scene = LiveScene()
        let duty = scene.duty(5)
        scene.complete(duty, signers: 0..<4)
        let keys = scene.pubKeys
        scene.report(.analysed(scene.analysis(duty, signers: [0: keys, 1: keys, 2: [keys[0]]])), at: scene.time(14))
        #expect(Self.counts(scene.view.rows[duty]) == [3, 3, 1, 0])
        scene.sign(duty, by: [3], at: scene.time(14))
        #expect(Self.counts(scene.view.rows[duty]) == [3, 3, 1, 0])
    }

    @Test("sync messages have no time since a decision, and exits none at all")
    func undecided() {
        var scene = LiveScene()
        for type in [DutyType.syncMessage, .exit] {
            scene.report(.succeeded(scene.duty(5, type), validators: 1, sinceDecided: .zero), at: scene.time(5))
        }
        #expect(scene.view.rows[scene.duty(5, .syncMessage)]?.decidedToBroadcast == nil)
        #expect(scene.view.rows[scene.duty(5, .syncMessage)]?.beginToBroadcast == .zero)
        #expect(scene.view.rows[scene.duty(5, .exit)]?.beginToBroadcast == nil)
    }

    @Test("a failed duty says why, who has to look, and what to do")
    func failed() throws {
        var scene = LiveScene()
        let duty = scene.duty(5)
        scene.report(.started(duty, validators: 3), at: scene.time(5))
        scene.report(.failed(scene.failure(duty, silent: [2])), at: scene.time(6))
        #expect(scene.view.rows[duty]?.outcome == .failed(.insufficientPeerSignatures))
        let miss = try #require(scene.view.missed.first)
        #expect(miss.layer == .peers && miss.peers == [PeerIndex(2)] && miss.type == .attester)
        #expect(miss.cause == "only 2 of 3 signatures came")
        #expect(miss.cure.contains("operator 2"))
        scene.report(.dutiesMissed(from: Slot(6), to: Slot(9), count: 2, "the machine slept"), at: scene.time(10))
        #expect(scene.view.missed.last?.subject == "2 duties of slots 6 to 9 missed")
        #expect(scene.view.failed == 3)
    }

    @Test("absence, return, faults, a bad share and a twin are remembered")
    func operators() throws {
        var scene = LiveScene()
        let duty = scene.duty(5)
        scene.complete(duty, signers: 0..<4)
        scene.report(.peerAbsent(PeerIndex(2), duties: 4), at: scene.time(6))
        #expect(scene.view.operators[2].absentDuties == 4)
        scene.report(.peerReturned(PeerIndex(2), missed: 9), at: scene.time(6))
        #expect(scene.view.operators[2].absentDuties == 0)
        let bad = try #require(DutyFault(.badShare(scene.pubKeys[0], ShareIndex(PeerIndex(3)))))
        for _ in 0..<3 { scene.report(.fault(duty, bad), at: scene.time(6)) }
        #expect(scene.view.operators[3].faults == [.badShare: 3])
        #expect(scene.view.rows[duty]?.marks.map(\.isBad) == [false, false, false, true])
        scene.report(.dutiesUnavailable(Epoch(2), "503"), at: scene.time(6))
        #expect(scene.view.dutiesUnavailable?.why == "503")
        scene.report(.started(scene.duty(7), validators: 1), at: scene.time(7))
        #expect(scene.view.dutiesUnavailable == nil)
        scene.report(.twinSeen(duty, "a vote"), at: scene.time(7))
        #expect(scene.view.twin == "a vote")
    }

    @Test("attendance counts whole slots that are over, and not what nobody signed")
    func attendance() {
        var scene = LiveScene()
        scene.complete(scene.duty(5), signers: [0, 1, 2])
        scene.complete(scene.duty(6), signers: [0, 1, 2, 3])
        scene.report(.started(scene.duty(7), validators: 3), at: scene.time(7))
        scene.complete(scene.duty(8), signers: [0])
        func attendance(_ peer: Int) -> [Int] {
            let sum = scene.view.attendance(of: PeerIndex(peer), at: scene.time(9))
            return [sum.signed, sum.expected]
        }
        #expect(attendance(0) == [6, 6])
        #expect(attendance(3) == [3, 6])
    }

    @Test("a row comes from what this node does; others' words alone make none that is shown")
    func foreign() {
        var scene = LiveScene()
        scene.sign(scene.duty(5, .randao), by: [1, 2], at: scene.time(5))
        #expect(scene.view.duties.isEmpty)
        scene.sign(scene.duty(5, .randao), by: [0], at: scene.time(5))
        #expect(Self.counts(scene.view.duties.first) == [3, 3, 3, 0])
    }

    @Test("nothing is kept before the chain is known, of other slots than the last epochs', or of duties without rows")
    func window() {
        var scene = LiveScene()
        var blind = LiveView(own: PeerIndex(0), nodes: 4, validators: scene.pubKeys)
        blind.receive(.started(scene.duty(5), validators: 1), in: nil, at: scene.time(5))
        #expect(blind.rows.isEmpty)
        for slot: UInt64 in [0, 23, 24, 40, 41, 42, 1_000_000, .max] {
            scene.report(.started(scene.duty(slot), validators: 1), at: scene.time(40))
        }
        scene.report(.started(scene.duty(40, .prepareAggregator), validators: 1), at: scene.time(40))
        #expect(scene.view.duties.map(\.duty.slot.rawValue) == [41, 40, 24])
        // As time goes on, the oldest leave.
        scene.report(.started(scene.duty(42), validators: 1), at: scene.time(42))
        #expect(scene.view.duties.map(\.duty.slot.rawValue) == [42, 41, 40])
    }

    @Test("thousands of hostile duties, and as many faults, stay within the bounds and leave our own rows alone")
    func hostile() throws {
        var scene = LiveScene(nodes: 10, validators: 1000)
        let own = scene.duty(20_000)
        scene.complete(own, signers: [0])
        let now = scene.time(20_000)
        let text = String(repeating: "💥\u{202e}\n", count: 1000)
        let fault = try #require(DutyFault(.peerRefused(PeerIndex(3), text)))
        for slot in UInt64(2_000)..<4_000 {
            let duty = scene.duty(slot, DutyType.allCases[Int(slot) % DutyType.allCases.count])
            scene.sign(duty, by: [3], at: now)
            scene.report(.fault(duty, fault), at: now)
            scene.report(.roundChanged(duty, from: 1, to: 2, why: text), at: now)
            scene.report(.failed(scene.failure(duty, .fetchBNError, detail: text)), at: now)
            scene.report(.peerAbsent(PeerIndex(Int(slot)), duties: 4), at: now)
        }
        #expect(scene.view.rows.count <= LiveView.rowsMax)
        #expect(scene.view.missed.count == LiveView.missedMax)
        #expect(scene.view.heldBytes < LiveView.rowBytesMax)
        #expect(Self.counts(scene.view.rows[own])?.first == 1000)
        let shown = LivePicture(scene.view, LiveFacts(), at: now).json.text()
        #expect(shown.utf8.count < LiveAnswer.bytesMax && !shown.contains("\u{202e}"))
    }

    @Test("rows of a large cluster are fewer, so that all together stay within the bound", arguments: [4, 16, 64])
    func large(nodes: Int) {
        var scene = LiveScene(nodes: nodes, validators: 20_000)
        for slot in UInt64(0)..<17 {
            for type in DutyType.allCases where type.hasRow {
                let duty = scene.duty(slot, type)
                scene.report(.started(duty, validators: 1), at: scene.time(slot))
                scene.sign(duty, by: 0..<nodes, [scene.pubKeys[0]], at: scene.time(slot))
            }
        }
        #expect(!scene.view.rows.isEmpty)
        #expect(scene.view.heldBytes <= LiveView.rowBytesMax)
    }
}
