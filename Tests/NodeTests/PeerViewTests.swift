import DutyWorkflow
import Ethereum

import SSZ
import Secp256k1
import Testing

@testable import Libp2p
@testable import Node
@testable import PeerProtocols

@Suite struct PeerViewTests {
    static let peers = (1...3).map { i in
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes[31] = UInt8(i)
        return PeerID(try! PrivateKey(bytes).publicKey)
    }

    static func status(_ peer: PeerID, links: [PeerStatus.Link] = [], rtt: Duration? = nil) -> PeerStatus {
        PeerStatus(
            peer: peer, isConnected: !links.isEmpty, path: links.first?.path, isRelay: false, links: links, rtt: rtt,
            agentVersion: nil, protocols: [],
            knownAddresses: [], lastFailure: .handshakeTimedOut)
    }

    @Test("tells operators from others, and says null for what is not known")
    func json() throws {
        let link = PeerStatus.Link(
            address: try Multiaddr("/ip4/10.0.0.7/tcp/3610"), direction: .inbound,
            path: .relayed(through: Self.peers[2]), isLimited: true, bytesReceived: 5, bytesSent: 6, streams: 1)
        let report = PeerReport(
            version: "v1.10.3", isSupported: true, gitHash: "abcdef0", startedAt: Instant(unixSeconds: 1_700_000_000),
            builderAPI: false, nickname: "bob", client: "charon", clockOffset: .microseconds(-1500),
            lockHashMatches: true, receivedAt: Instant(unixSeconds: 1_700_000_001))
        let view = PeerView(
            directory: PeerDirectory(peers: Array(Self.peers[0...1]), own: PeerIndex(0)),
            statuses: [
                Self.status(Self.peers[1], links: [link], rtt: .microseconds(2345)), Self.status(Self.peers[2]),
            ],
            reports: [PeerIndex(1): report],
            relays: [
                RelayStatus(
                    relay: Self.peers[2], isConnected: true, reservedUntil: 1_700_000_000, problem: nil, rtt: nil,
                    addresses: [], circuits: [Self.peers[1]], lastFailure: nil)
            ],
            faults: [
                PeerFaultCount(peer: Self.peers[1], fault: .frame, count: 2),
                PeerFaultCount(peer: nil, fault: .handshake, count: 7),
            ], refusals: [PeerIndex(1): ["qbft not_a_vote": 9], nil: ["parsigex foreign": 3]], listening: [])
        let json = view.json
        #expect(json["operators"]?.array?.first?["refused_messages"]?["qbft not_a_vote"]?.integer == 9)
        #expect(json["refused_messages_of_others"]?["parsigex foreign"]?.integer == 3)
        #expect(json["connected"]?.integer == 1)
        let bob = try #require(json["operators"]?.array?.first)
        #expect(bob["index"]?.integer == 1)
        #expect(bob["round_trip_ms"] == .number("2.345"))
        #expect(bob["clock_offset_ms"] == .number("-1.500"))
        #expect(bob["started_at"]?.string == "2023-11-14T22:13:20Z")
        #expect(bob["path"]?.string == "relay")
        #expect(bob["through_relay"]?.string == "\(Self.peers[2])")
        let relay = try #require(json["relays"]?.array?.first)
        #expect(relay["reserved_until"]?.string == "2023-11-14T22:13:20Z")
        #expect(relay["peers"]?.array?.first?.string == "\(Self.peers[1])")
        #expect(bob["nickname"]?.string == "bob")
        #expect(bob["connections"]?.array?.first?["address"]?.string == "/ip4/10.0.0.7/tcp/3610")
        #expect(bob["faults"]?["frame"]?.integer == 2)
        let guest = try #require(json["others"]?.array?.first)
        #expect(guest["index"]?.isNull == true)
        #expect(guest["round_trip_ms"]?.isNull == true)
        #expect(guest["last_failure"]?.string == "handshake timed out")
        #expect(json["faults_before_authentication"]?["handshake"]?.integer == 7)
        // What we write can be read.
        #expect(try JSONValue(parsing: json.text(indent: "  ")) == json)
    }
}
