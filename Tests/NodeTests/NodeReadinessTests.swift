import Ethereum
import Testing

@testable import Node

@Suite struct NodeReadinessTests {
    typealias Facts = NodeReadiness.Facts

    static func facts(
        _ beaconNode: Facts.BeaconNode, peers: UInt64? = 9, alone: Bool = false, signer: Bool = true
    ) -> Facts {
        var facts = Facts()
        facts.beaconNode = beaconNode
        facts.beaconNodePeers = peers
        facts.connected = 1
        facts.needed = 2
        facts.isAlone = alone
        facts.hasSigner = signer
        return facts
    }

    static func halted() -> Facts {
        var facts = facts(.unknown)
        facts.halt = "a vote"
        return facts
    }

    static func watching(_ facts: Facts) -> Facts {
        var facts = facts
        facts.wait = .seconds(754)
        return facts
    }

    /// What goes wrong on this machine, with all that comes after it in the order.
    static func local(
        journal: String? = nil, undecided: Epoch? = nil, commit: Duration = .zero, jump: Duration = .zero
    ) -> Facts {
        var facts = facts(.unknown)
        (facts.journal, facts.undecided, facts.commitTime, facts.clockJump) = (journal, undecided, commit, jump)
        return facts
    }

    struct Row: Sendable {
        let facts: Facts
        let code: Int
        let text: String
    }

    /// Each row fails for everything that stands below it as well.
    static let rows: [Row] = [
        Row(facts: halted(), code: 9, text: "another process signs with this node's key"),
        Row(
            facts: local(journal: "it is gone", undecided: 9, commit: .seconds(3), jump: .seconds(5)), code: 10,
            text: "journal cannot be used"),
        Row(
            facts: local(undecided: 9, commit: .seconds(3), jump: .seconds(5)), code: 14,
            text: "planned switch is undecided"),
        Row(facts: local(commit: .milliseconds(2001), jump: .seconds(5)), code: 11, text: "disk is slow"),
        Row(facts: local(commit: .seconds(2), jump: .seconds(-5)), code: 12, text: "clock jumped"),
        Row(facts: facts(.unknown, peers: 0, alone: true, signer: false), code: 0, text: "check not initialised"),
        Row(facts: facts(.down("x"), peers: 0, alone: true, signer: false), code: 2, text: "beacon node is down"),
        Row(
            facts: facts(.syncing(behind: 999), peers: 0, alone: true, signer: false), code: 3,
            text: "beacon node not synced"),
        Row(
            facts: facts(.following(behind: 321), peers: 0, alone: true, signer: false), code: 7,
            text: "beacon node has no peers"),
        Row(
            facts: facts(.following(behind: 321), alone: true, signer: false), code: 8, text: "beacon node far behind"),
        Row(
            facts: facts(.following(behind: 320), peers: nil, alone: true, signer: false), code: 4,
            text: "quorum of peers not connected"),
        Row(
            facts: watching(facts(.following(behind: 0), signer: false)), code: 13,
            text: "journal is new, nothing is signed yet"),
        Row(facts: facts(.following(behind: 0), signer: false), code: 5, text: "validator client not connected"),
        Row(facts: facts(.following(behind: 0)), code: 1, text: "ok"),
        Row(facts: facts(.following(behind: 320), peers: nil), code: 1, text: "ok"),
    ]

    @Test("the first reason wins, in Charon's order and words", arguments: rows)
    func precedence(row: Row) {
        let readiness = NodeReadiness(row.facts)
        #expect(readiness.code == row.code)
        #expect(readiness.text == row.text)
        #expect(readiness.httpStatus == (row.code == 1 ? 200 : 500))
        #expect(readiness.body.hasPrefix(row.text))
        #expect((readiness.advice == nil) == (row.code == 1))
    }

    @Test("says who must act")
    func advice() {
        #expect(NodeReadiness.beaconNodeDown("refused").body.contains("--beacon-node-endpoints (refused)"))
        #expect(NodeReadiness.peersMissing(connected: 1, needed: 2).body.contains("all operators: 1 other nodes"))
        #expect(NodeReadiness.halted("a vote").body.contains("(a vote); stop the other process"))
        #expect(NodeReadiness.journalRefused("read journal x: it is damaged").body.contains("journal x: it is damaged"))
        #expect(NodeReadiness.diskSlow(.milliseconds(3400)).body.contains("takes 3 s"))
        #expect(NodeReadiness.clockJumped(.seconds(90)).body.contains("set ahead by 90 s"))
        #expect(NodeReadiness.clockJumped(.seconds(-90)).body.contains("set back by 90 s"))
        #expect(NodeReadiness.validatorClientMissing.body.contains("--validator-api-address"))
        #expect(NodeReadiness.watching(.seconds(754)).body.contains("wait 12m34s more"))
        #expect(NodeReadiness.switchUndecided(9).body.contains("all operators: this node signs nothing since epoch 9"))
    }

    @Test("every code but the retired one is told")
    func codes() { #expect(Set(Self.rows.map(\.code)) == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14]) }
}

@Suite struct ReadinessWatchTests {
    static func isAlone(_ watch: ReadinessWatch) -> Bool {
        watch.facts(.following(behind: 0), beaconNodePeers: nil, connected: 0).isAlone
    }

    static func hasSigner(_ watch: ReadinessWatch) -> Bool {
        watch.facts(.following(behind: 0), beaconNodePeers: nil, connected: 0).hasSigner
    }

    @Test("needs so many others", arguments: [(1, 0), (3, 1), (4, 2), (5, 3), (7, 4), (10, 6), (13, 8)])
    func needed(operators: Int, needed: Int) {
        #expect(ReadinessWatch(operators: operators, signs: false).needed == needed)
    }

    @Test("a fresh node is alone until others are seen, and again after six slots without")
    func alone() {
        var watch = ReadinessWatch(operators: 4, signs: true)
        #expect(Self.isAlone(watch))
        watch.tick(epoch: 0, connected: 1, requests: 0)
        #expect(Self.isAlone(watch))
        watch.tick(epoch: 0, connected: 2, requests: 0)
        #expect(!Self.isAlone(watch))
        for slot in 1...6 {
            watch.tick(epoch: 0, connected: 1, requests: 0)
            #expect(Self.isAlone(watch) == (slot == 6))
        }
    }

    @Test("a validator client that asks nothing for an epoch is missing, but not in the first one")
    func silent() {
        var watch = ReadinessWatch(operators: 4, signs: false)
        watch.tick(epoch: 5, connected: 3, requests: 0)
        #expect(Self.hasSigner(watch))
        watch.tick(epoch: 6, connected: 3, requests: 0)
        #expect(!Self.hasSigner(watch))
        watch.tick(epoch: 6, connected: 3, requests: 4)
        #expect(!Self.hasSigner(watch))
        watch.tick(epoch: 7, connected: 3, requests: 4)
        #expect(Self.hasSigner(watch))
        watch.tick(epoch: 8, connected: 3, requests: 4)
        #expect(!Self.hasSigner(watch))
    }

    @Test("a node that signs itself needs no validator client")
    func signs() {
        var watch = ReadinessWatch(operators: 4, signs: true)
        for epoch in 0..<4 { watch.tick(epoch: Epoch(UInt64(epoch)), connected: 3, requests: 0) }
        #expect(Self.hasSigner(watch))
    }
}
