import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow
@testable import Views

@Suite("the picture at /debug/live")
struct LivePictureTests {
    /// A cluster where the last operator is away, one duty was missed, and the spare beacon node is down.
    static func troubled() -> LivePicture {
        var scene = LiveScene()
        for slot in UInt64(9)..<12 {
            scene.complete(scene.duty(slot), signers: [0, 1, 2], round: slot == 10 ? 2 : 1)
            scene.complete(scene.duty(slot, .syncMessage), signers: [0, 1])
        }
        scene.report(.roundChanged(scene.duty(10), from: 1, to: 2, why: "the leader was late"), at: scene.time(10))
        scene.report(.started(scene.duty(12, .proposer), validators: 1), at: scene.time(12, after: .zero))
        scene.report(
            .failed(scene.failure(scene.duty(12, .proposer), .noConsensus, silent: [3])), at: scene.time(12))
        scene.connected.remove(PeerIndex(3))
        scene.report(.started(scene.duty(12), validators: 3), at: scene.time(12))
        scene.sign(scene.duty(12), by: [1], [scene.pubKeys[0]], at: scene.time(12, after: .milliseconds(4200)))
        scene.report(.peerAbsent(PeerIndex(2), duties: 4), at: scene.time(12))
        scene.view.heardValidatorClient(at: scene.time(12))
        return LivePicture(scene.view, facts(), at: scene.time(12, after: .milliseconds(5500)))
    }

    static func facts() -> LiveFacts {
        var facts = LiveFacts()
        facts.node.nickname = "alice"
        facts.node.version = "v0.1.0"
        facts.node.startedAt = LiveScene.genesis
        (facts.node.clusterName, facts.node.clusterHash, facts.node.network) = ("four friends", "abcdef0", "hoodi")
        (facts.node.threshold, facts.node.quorum, facts.node.validators) = (3, 3, 3)
        facts.readiness = .init(code: 1, text: "ok", advice: nil)
        facts.signer = .init(mode: "off", requests: 17, userAgent: "Lighthouse/v7")
        var first = LiveFacts.BeaconNode(address: "http://localhost:5052")
        first.latencies = [.milliseconds(4), .milliseconds(6), .microseconds(12_340)]
        (first.answeredAgo, first.headSlot, first.version) = (.milliseconds(300), Slot(12), "Teku/v25")
        var spare = LiveFacts.BeaconNode(address: "http://spare:5052")
        (spare.isFallback, spare.outFor, spare.problem) = (true, .seconds(75), "no connection: Connection refused")
        facts.beaconNodes = [first, spare]
        let paths: [LiveFacts.Peer.Path?] = [nil, .direct, .relay, nil]
        facts.peers = (0..<4).map { index in
            var peer = LiveFacts.Peer(PeerIndex(index))
            peer.nickname = ["alice", "bob", "carol\u{1B}[2J", ""][index]
            (peer.client, peer.version) = (index == 1 ? "charon" : "styx", "v1.11.0")
            guard index > 0 else { return peer }
            peer.path = paths[index]
            peer.roundTrip = index < 3 ? .microseconds(650 * index) : nil
            peer.clockOffset = index < 3 ? .milliseconds(-700 * (index - 1)) : nil
            peer.isSameCluster = index < 3 ? true : nil
            peer.lastFailure = index == 3 ? "handshake timed out" : nil
            return peer
        }
        return facts
    }

    @Test("the shape that displays rely on")
    func golden() throws {
        let json = Self.troubled().json
        try Golden.check(json.text(indent: "  ") + "\n", "live.json")
        // What we write can be read.
        #expect(try LiveAnswer.parse(json.bytes()) == json)
    }

    @Test("before there is a chain, the picture says so")
    func empty() throws {
        let view = LiveView(own: PeerIndex(0), nodes: 4, validators: [])
        let json = LivePicture(view, LiveFacts(), at: LiveScene.genesis).json
        #expect(json["chain"]?.isNull == true && json["duties"]?.array == [] && json["latencies"]?.array == [])
        #expect(try LiveAnswer.parse(json.bytes()) == json)
    }

    @Test("before genesis there is no slot")
    func genesis() {
        let scene = LiveScene()
        let json = LivePicture(scene.view, LiveFacts(), at: LiveScene.genesis - .seconds(90)).json
        #expect(json["chain"]?["slot"]?.isNull == true)
        #expect(json["chain"]?["genesis_at"]?.integer == 1_795_467_600_000)
    }

    @Test("what is missing comes with its layer; a healthy cluster misses nothing")
    func missing() {
        func layers(_ change: (inout LiveScene, inout LiveFacts) -> Void) -> [String] {
            var scene = LiveScene()
            var facts = LiveFacts()
            facts.readiness = .init(code: 1, text: "ok", advice: nil)
            facts.peers = (0..<4).map { index in
                var peer = LiveFacts.Peer(PeerIndex(index))
                peer.path = index == 0 ? nil : .direct
                return peer
            }
            facts.beaconNodes = [LiveFacts.BeaconNode(address: "http://a")]
            change(&scene, &facts)
            return MissingThing.all(scene.view, facts).map(\.layer.rawValue)
        }
        #expect(layers { _, _ in } == [])
        #expect(layers { $1.peers[2].path = nil } == ["peers"])
        #expect(layers { $1.peers[2].isSameCluster = false } == ["peers"])
        #expect(
            layers { scene, _ in scene.report(.peerAbsent(PeerIndex(1), duties: 4), at: scene.time(1)) } == [
                "peers"
            ])
        #expect(layers { $1.beaconNodes[0].outFor = .seconds(3) } == ["beacon node"])
        #expect(layers { $1.beaconNodes[0].isFollowing = false } == ["beacon node"])
        #expect(layers { $1.remoteSigners = Self.signers() } == ["signer", "signer", "signer"])
        #expect(layers { $1.readiness = .init(code: 5, text: "x", advice: "y") } == ["validator client"])
        #expect(layers { $1.readiness = .init(code: 4, text: "x", advice: "y") } == ["peers"])
        #expect(layers { scene, _ in scene.report(.twinSeen(scene.duty(1), "z"), at: scene.time(1)) } == ["signer"])
    }

    /// Of each kind: two that are well, one that says nothing yet, and three that are not well.
    static func signers() -> [LiveFacts.RemoteSigner] {
        func signer(_ name: String, _ change: (inout LiveFacts.RemoteSigner) -> Void) -> LiveFacts.RemoteSigner {
            var signer = LiveFacts.RemoteSigner(address: "https://\(name):9000")
            change(&signer)
            return signer
        }
        return [
            signer("well") { ($0.health, $0.shares, $0.askedAgo) = (.up, 3, .seconds(2)) },
            // Has no page that tells how it is.
            signer("mute") { $0.shares = 2 },
            signer("new") { _ in },
            signer("slow") { ($0.health, $0.outFor, $0.failure) = (.up, .seconds(30), "no answer in time") },
            signer("ill") { $0.health = .unhealthy("its /healthcheck says DOWN: slashing-db") },
            signer("gone") { ($0.health, $0.outFor) = (.unreachable("Connection refused"), .seconds(75)) },
        ]
    }

    @Test("each remote signer has its own health, in the picture and on the terminal")
    func remoteSigners() throws {
        var facts = Self.facts()
        facts.remoteSigners = Self.signers()
        let json = LivePicture(LiveScene().view, facts, at: LiveScene.genesis).json
        let shown = try #require(json["remote_signers"]?.array)
        #expect(shown.map { $0["state"]?.string } == ["up", "up", "unknown", "unhealthy", "unhealthy", "down"])
        #expect(shown.map { $0["shares"]?.integer } == [3, 2, nil, nil, nil, nil])
        #expect(
            shown.map { $0["problem"]?.string } == [
                nil, nil, nil, "no answer in time", "its /healthcheck says DOWN: slashing-db", "Connection refused",
            ])
        let lines = TopScreen(size: nil, hasColours: false, isUnicode: true).lines(json)
        let heading = try #require(lines.firstIndex(of: "REMOTE SIGNERS"))
        #expect(lines[heading + 1].hasPrefix("  ✔ up       https://well:9000"))
        #expect(lines[heading + 1].hasSuffix("3 of 3 keys"))
        #expect(lines[heading + 4].hasPrefix("  ▲ unwell   https://slow:9000"))
        #expect(lines[heading + 6].hasPrefix("  ✘ down     https://gone:9000"))
        #expect(lines[heading + 6].hasSuffix("Connection refused"))
    }

    @Test("other answers are refused with what is wrong")
    func refused() {
        let rows: [(String, String)] = [
            ("", "no Styx node"), ("<html>", "no Styx node"), ("{}", "no version"), (#"{"version":1}"#, "no version"),
            (#"{"version":-1,"node":{}}"#, "no version"), (#"{"version":2,"node":{}}"#, "newer than this program"),
        ]
        for (body, words) in rows {
            let fault = #expect(throws: LiveAnswer.Fault.self) { try LiveAnswer.parse(Array(body.utf8)) }
            #expect(fault?.description.contains(words) == true, "\(body)")
        }
    }
}
