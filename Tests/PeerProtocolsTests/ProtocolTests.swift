import DutyWorkflow
import Ethereum
import Libp2p
import QBFT
import SSZ
import Secp256k1
import Synchronization
import Testing

@testable import PeerProtocols

@Suite("protocol handlers")
struct ProtocolTests {
    private let cluster = TestCluster()
    private let seen = Observations()
    private let directory: PeerDirectory

    init() {
        directory = PeerDirectory(peers: cluster.keys.map { PeerID($0.publicKey) }, own: PeerIndex(0))
    }

    @Test("the directory knows operators by identity and by seat")
    func whoIsWho() throws {
        #expect(directory.others == [1, 2, 3].map(PeerIndex.init))
        for (position, key) in cluster.keys.enumerated() {
            #expect(directory.index(of: PeerID(key.publicKey)) == PeerIndex(position))
            #expect(directory[PeerIndex(position)] == PeerID(key.publicKey))
        }
        #expect(directory.index(of: PeerID(PrivateKey.random().publicKey)) == nil)
    }

    // MARK: Consensus

    private func consensus(admits: Bool = true) -> ConsensusProtocol {
        let seen = seen
        return ConsensusProtocol(
            codec: cluster.codec, directory: directory, admits: { _ in admits },
            deliver: { seen.note("message of \($0.message.source)") }, observe: { seen.note($0) })
    }

    @Test("an authentic message is delivered, whoever passed it on", arguments: [1, 3])
    func consensusDelivers(sender: Int) async throws {
        await consensus().receive(try ConsensusCodec.encode(cluster.prepare()), from: PeerIndex(sender))
        #expect(seen.all == ["message of 1", "delivered qbft_prepare from \(sender)"])
    }

    @Test("faults are counted and nothing is delivered")
    func consensusRefuses() async throws {
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        await consensus().receive(bytes, from: nil)
        await consensus(admits: false).receive(bytes, from: PeerIndex(1))
        await consensus().receive([1, 2, 3], from: PeerIndex(1))
        #expect(
            seen.all == ["refused guest: unknown_sender", "refused 1: duty_not_admitted", "refused 1: undecodable"])
    }

    // MARK: Partial signatures

    private func parSigEx(
        _ foreignShares: ParSigExProtocol.ForeignShares = .refuse, admits: Bool = true, fault: MessageFault? = nil
    ) -> ParSigExProtocol {
        let seen = seen
        return ParSigExProtocol(
            codec: ParSigExCodec(validators: Set(cluster.pubKeys), nodes: 4), directory: directory,
            foreignShares: foreignShares, admits: { _ in admits },
            authenticate: { _, set throws(MessageFault) in
                seen.note("verify \(set.count)")
                if let fault { throw fault }
            }, deliver: { duty, set in seen.note("\(set.count) for \(duty)") }, observe: { seen.note($0) })
    }

    private func partials(share: Int) throws -> [UInt8] {
        var set: ParSignedDataSet = [:]
        for pubKey in cluster.pubKeys {
            let object = AttestationElectra(
                aggregationBits: Bitlist(), data: AttestationData(), signature: SignatureBytes(padding: [1]),
                committeeBits: Bitvector(count: 64, setting: [0]))
            let attestation = try VersionedAttestation(fork: .electra, form: .electra(object), validatorIndex: 3)
            set[EntryKey(pubKey)] = ParSignedData(
                data: .attestation(attestation), shareIndex: try #require(ShareIndex(wire: share)))
        }
        return ParSigExCodec.encode(.attester(slot: 7), set)
    }

    @Test("verified sets are delivered")
    func parSigExDelivers() async throws {
        await parSigEx().receive(try partials(share: 3), from: PeerIndex(2))
        #expect(seen.all == ["verify 3", "3 for 7/attester", "delivered parsigex_attester from 2"])
    }

    @Test("shares of others are refused before any signature is checked, or reported")
    func foreignShares() async throws {
        await parSigEx().receive(try partials(share: 1), from: PeerIndex(2))
        await parSigEx(.report).receive(try partials(share: 1), from: PeerIndex(2))
        #expect(
            seen.all == [
                "refused 2: foreign_share", "share 1 from 2", "verify 3", "3 for 7/attester",
                "delivered parsigex_attester from 2",
            ])
    }

    @Test("a bad signature refuses the whole set")
    func parSigExRefuses() async throws {
        let bytes = try partials(share: 3)
        let fault = MessageFault.badPartialSignature(cluster.pubKeys[1], ShareIndex(PeerIndex(2)))
        await parSigEx(fault: fault).receive(bytes, from: PeerIndex(2))
        await parSigEx(admits: false).receive(bytes, from: PeerIndex(2))
        await parSigEx().receive(bytes, from: nil)
        #expect(
            seen.all == [
                "verify 3", "refused 2: bad_partial_signature", "refused 2: duty_not_admitted",
                "refused guest: unknown_sender",
            ])
    }

    // MARK: Peer info

    @Test("everybody is asked, answers become reports and warnings")
    func peerInfo() async throws {
        let now = Instant(unixSeconds: 1_700_000_000)
        let own = PeerInfo(lockHash: Root(padding: [1]), startedAt: now)
        let seen = seen
        struct Down: Error {}
        let service = PeerInfoProtocol(
            own: own, peers: directory.others, now: { now }, warn: { seen.note("\($0) \($1)") },
            observe: { seen.note($0) }
        ) { peer, request in
            var answer = try PeerInfo(wire: request)
            #expect(answer.sentAt == now)
            switch peer.rawValue {
            case 1: answer.nickname = "one"
            case 2: answer.lockHash = []
            default: throw Down()
            }
            return (answer.wireBytes(), .milliseconds(20))
        }
        await service.askAll()
        #expect(service.snapshot[PeerIndex(1)]?.nickname == "one")
        #expect(service.snapshot[PeerIndex(1)]?.clockOffset == .milliseconds(10))
        #expect(service.snapshot[PeerIndex(2)]?.lockHashMatches == false && service.snapshot[PeerIndex(3)] == nil)
        #expect(
            seen.all.sorted() == [
                "2 lockHashDiffers", "failed peerinfo to 3: Down()", "sent peerinfo to 1", "sent peerinfo to 2",
            ])
    }

    @Test("an answer that is no peer info changes nothing")
    func badPeerInfo() async {
        let now = Instant(unixSeconds: 1)
        let seen = seen
        let service = PeerInfoProtocol(
            own: PeerInfo(lockHash: .zero, startedAt: now), peers: [PeerIndex(1)], now: { now },
            warn: { seen.note("\($0) \($1)") }, observe: { seen.note($0) }
        ) { _, _ in ([0xff], .zero) }
        await service.askAll()
        #expect(service.snapshot.isEmpty)
        #expect(seen.all == ["sent peerinfo to 1", "refused 1: undecodable"])
    }
}
