import DutyWorkflow
import Ethereum
import Libp2p
import NIOCore
import NIOEmbedded
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
    private let loop = EmbeddedEventLoop()
    private let jobs = Jobs()
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

    private func sender() -> PeerSender {
        PeerSender(peers: directory.others, loop: loop, observe: { _ in }, transport: { _, _, _, _ in })
    }

    private func consensus(_ admission: Admission = .admitted) -> ConsensusProtocol {
        let (seen, jobs) = (seen, jobs)
        return ConsensusProtocol(
            codec: cluster.codec, directory: directory, sender: sender(), worker: { jobs.add($0) },
            admits: { _, _ in admission },
            deliver: { message, peer in seen.note("message of \(message.message.source) by \(peer)") },
            observe: { seen.note($0) })
    }

    private func message(_ bytes: [UInt8], from peer: Int) -> InboundMessage {
        InboundMessage(peer: directory[PeerIndex(peer)], bytes: bytes)
    }

    @Test("an authentic message is delivered at once, whoever passed it on", arguments: [1, 3])
    func consensusDelivers(sender: Int) throws {
        consensus().receive(message(try ConsensusCodec.encode(cluster.prepare()), from: sender))
        #expect(seen.all == ["message of 1 by \(sender)", "delivered qbft_prepare from \(sender)"])
    }

    @Test("faults are counted and nothing is delivered")
    func consensusRefuses() throws {
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        let guest = PeerID(PrivateKey.random().publicKey)
        consensus().receive(InboundMessage(peer: guest, bytes: bytes))
        consensus(.refused(.dutyNotAdmitted(.attester(slot: 5)))).receive(message(bytes, from: 1))
        consensus(.notReady).receive(message(bytes, from: 1))
        consensus().receive(message([1, 2, 3], from: 1))
        #expect(
            seen.all == [
                "refused guest: unknown_sender", "refused 1: duty_not_admitted", "refused 1: not_ready",
                "refused 1: undecodable",
            ])
    }

    @Test("the fourth copy of a message is not looked at, but only of the same sender")
    func repeats() throws {
        let consensus = consensus()
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        for _ in 0..<5 { consensus.receive(message(bytes, from: 1)) }
        consensus.receive(message(bytes, from: 2))
        #expect(seen.all.filter { $0 == "message of 1 by 1" }.count == 3)
        #expect(seen.all.filter { $0 == "refused 1: repeated" }.count == 2)
        #expect(seen.all.contains("message of 1 by 2"))
    }

    @Test("a message that came before we were ready may come again as often as it likes")
    func notReadyIsForgotten() throws {
        let isReady = Atomic(false)
        let (seen, jobs) = (seen, jobs)
        let consensus = ConsensusProtocol(
            codec: cluster.codec, directory: directory, sender: sender(), worker: { jobs.add($0) },
            admits: { _, _ in isReady.load(ordering: .relaxed) ? .admitted : .notReady },
            deliver: { message, _ in seen.note("message of \(message.message.source)") }, observe: { _ in })
        let bytes = try ConsensusCodec.encode(cluster.prepare())
        for _ in 0..<10 { consensus.receive(message(bytes, from: 1)) }
        isReady.store(true, ordering: .relaxed)
        consensus.receive(message(bytes, from: 1))
        #expect(seen.all == ["message of 1"])
    }

    @Test("an operator that floods runs out of budget, others do not notice")
    func flooding() {
        let consensus = consensus()
        for number in 0..<3000 {
            // Plausible up to its signature.
            var junk = WireQBFTConsensusMsg()
            junk.msg = WireQBFTMsg(.attester(slot: 5), QBFT.Message(.prepare, round: Int64(number + 1), source: 2))
            junk.values = [.init()]
            junk.values[0].value.append(contentsOf: [UInt8](repeating: 1, count: 60_000))
            consensus.receive(message(junk.canonicalBytes(), from: 2))
        }
        #expect(seen.all.count == 3000 && seen.all.last == "refused 2: flooding")
        #expect(seen.all.filter { $0 != "refused 2: flooding" }.count < 700)
        consensus.receive(message([1, 2, 3], from: 1))
        #expect(seen.all.last == "refused 1: undecodable")
        for position in [1, 3] {
            let bytes = (try? ConsensusCodec.encode(cluster.prepare())) ?? []
            consensus.receive(message(bytes, from: position))
            #expect(seen.all.last == "delivered qbft_prepare from \(position)")
        }
    }

    @Test("large messages go to a worker, one of each operator at a time, and come back to the loop")
    func largeMessages() throws {
        let large = TestCluster(validators: 400)
        let (seen, jobs) = (seen, jobs)
        let consensus = ConsensusProtocol(
            codec: large.codec, directory: directory, sender: sender(), worker: { jobs.add($0) },
            admits: { _, _ in .admitted },
            deliver: { message, peer in seen.note("\(message.duty.slot) by \(peer)") }, observe: { _ in })
        for slot in 5...7 as ClosedRange<UInt64> {
            let bytes = try ConsensusCodec.encode(large.prepare(.attester(slot: Slot(slot))))
            #expect(bytes.count > SmallMessage.bytesMax)
            for peer in [1, 2] { consensus.receive(message(bytes, from: peer)) }
        }
        var rounds = 0
        while jobs.count > 0 {
            rounds += 1
            #expect(jobs.count == 2)
            jobs.runAll()
            loop.run()
        }
        #expect(rounds == 3)
        #expect(seen.all == (5...7).flatMap { ["\($0) by 1", "\($0) by 2"] })
    }

    // MARK: Partial signatures

    private func parSigEx(
        _ foreignShares: ParSigExProtocol.ForeignShares = .refuse, _ admission: Admission = .admitted
    ) -> ParSigExProtocol {
        let (seen, jobs) = (seen, jobs)
        return ParSigExProtocol(
            codec: ParSigExCodec(validators: Set(cluster.pubKeys), nodes: 4), directory: directory, sender: sender(),
            worker: { jobs.add($0) }, foreignShares: foreignShares, admits: { _, _ in admission },
            deliver: { duty, set, peer in seen.note("\(set.count) for \(duty) by \(peer)") },
            observe: { seen.note($0) })
    }

    private func partials(share: Int, signature: UInt8 = 1) throws -> [UInt8] {
        var set: ParSignedDataSet = [:]
        for pubKey in cluster.pubKeys {
            let object = AttestationElectra(
                aggregationBits: Bitlist(), data: AttestationData(), signature: SignatureBytes(padding: [signature]),
                committeeBits: Bitvector(count: 64, setting: [0]))
            let attestation = try VersionedAttestation(fork: .electra, form: .electra(object), validatorIndex: 3)
            set[EntryKey(pubKey)] = ParSignedData(
                data: .attestation(attestation), shareIndex: try #require(ShareIndex(wire: share)))
        }
        return ParSigExCodec.encode(.attester(slot: 7), set)
    }

    @Test("sets are delivered with their sender; verifying them is the workflow's")
    func parSigExDelivers() throws {
        parSigEx().receive(message(try partials(share: 3), from: 2))
        #expect(seen.all == ["3 for 7/attester by 2", "delivered parsigex_attester from 2"])
    }

    @Test("shares of others are refused, or reported")
    func foreignShares() throws {
        parSigEx().receive(message(try partials(share: 4), from: 2))
        parSigEx(.report).receive(message(try partials(share: 4), from: 2))
        #expect(
            seen.all == [
                "refused 2: foreign_share", "share 4 from 2", "3 for 7/attester by 2",
                "delivered parsigex_attester from 2",
            ])
    }

    @Test("our own share that another shows us is delivered: the workflow judges it")
    func ownShare() throws {
        let own = ShareIndex(directory.own)
        parSigEx().receive(message(try partials(share: own.rawValue), from: 2))
        #expect(seen.all == ["3 for 7/attester by 2", "delivered parsigex_attester from 2"])
    }

    @Test("no signature, no duty that may be, no operator: refused")
    func parSigExRefuses() throws {
        let bytes = try partials(share: 3)
        parSigEx().receive(message(try partials(share: 3, signature: 0), from: 2))
        parSigEx(.refuse, .refused(.dutyNotAdmitted(.attester(slot: 7)))).receive(message(bytes, from: 2))
        parSigEx().receive(InboundMessage(peer: PeerID(PrivateKey.random().publicKey), bytes: bytes))
        #expect(
            seen.all == [
                "refused 2: no_signature", "refused 2: duty_not_admitted", "refused guest: unknown_sender",
            ])
    }

    @Test("a second duty in one message does not pass the gate in the first one's name")
    func twoDuties() throws {
        // A decoder merges both: slot 7 is overwritten by slot 9.
        let second = WireParSigExMsg.with { $0.duty = WireDuty(.attester(slot: 9)) }.canonicalBytes()
        parSigEx().receive(message(try partials(share: 3) + second, from: 2))
        #expect(seen.all == ["refused 2: duty_not_admitted"])
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
                "2 \(PeerWarning.lockHashDiffers)", "failed peerinfo to 3: Down()", "sent peerinfo to 1",
                "sent peerinfo to 2",
            ])
    }

    @Test("two processes of one operator are told, whether they ask or answer")
    func twins() async throws {
        let now = Instant(unixSeconds: 1_700_000_000)
        let seen = seen
        let service = PeerInfoProtocol(
            own: PeerInfo(lockHash: .zero, startedAt: now), peers: [PeerIndex(1)], now: { now },
            warn: { peer, warning in
                if case .runsTwice(let twins) = warning {
                    seen.note("\(peer): \(twins.one.startedAt.unixSeconds) \(twins.other.startedAt.unixSeconds)")
                }
            }, observe: { _ in }
        ) { _, request in
            var answer = try PeerInfo(wire: request)
            answer.startedAt = Instant(unixSeconds: 5)
            return (answer.wireBytes(), .zero)
        }
        let other = PeerInfo(lockHash: .zero, startedAt: Instant(unixSeconds: 9)).wireBytes()
        await service.askAll()
        service.heard(other, from: PeerIndex(1), at: try Multiaddr("/ip4/10.0.0.2/tcp/4000"))
        service.heard([], from: PeerIndex(1), at: nil)
        service.heard([0xff], from: PeerIndex(1), at: nil)
        #expect(seen.all.isEmpty, "it may have been restarted")
        await service.askAll()
        #expect(seen.all == ["1: 9 5"])
    }

    @Test("whoever sees two processes tells both, for a while, and only they hear it as theirs")
    func twinsAreTold() async throws {
        let (first, second) = (Instant(unixSeconds: 5), Instant(unixSeconds: 9))
        let clock = Mutex(Instant(unixSeconds: 1_700_000_000))
        let told = Mutex<[Instant]>([])
        let service = PeerInfoProtocol(
            own: PeerInfo(lockHash: .zero, startedAt: Instant(unixSeconds: 1)), peers: [PeerIndex(1)],
            now: { clock.withLock { $0 } }, warn: { _, _ in }, observe: { _ in }
        ) { _, request in
            told.withLock { $0 = (try? PeerInfo(wire: request).twins) ?? [] }
            var answer = try PeerInfo(wire: request)
            answer.startedAt = first
            return (answer.wireBytes(), .zero)
        }
        await service.askAll()
        service.heard(PeerInfo(lockHash: .zero, startedAt: second).wireBytes(), from: PeerIndex(1), at: nil)
        #expect(told.withLock { $0 }.isEmpty)
        await service.askAll()
        await service.askAll()
        #expect(Set(told.withLock { $0 }) == [first, second])
        clock.withLock { $0 = $0 + PeerInfoProtocol.interval * 3 }
        await service.askAll()
        #expect(told.withLock { $0 }.isEmpty, "they may be gone")

        for (own, twins, expected) in [
            (first, [first, second], ["9"]), (second, [first, second], ["5"]), (first, [second], []), (first, [], []),
            (Instant(unixSeconds: 7), [first, second], []), (first, [first, first], []),
        ] as [(Instant, [Instant], [String])] {
            let seen = Observations()
            let twin = PeerInfoProtocol(
                own: PeerInfo(lockHash: .zero, startedAt: own), peers: [PeerIndex(2)], now: { first },
                warn: { peer, warning in
                    if case .ownTwin(let startedAt) = warning { seen.note("\(startedAt.unixSeconds)") }
                }, observe: { _ in }
            ) { _, request in
                var answer = try PeerInfo(wire: request)
                answer.twins = twins
                return (answer.wireBytes(), .zero)
            }
            await twin.askAll()
            #expect(seen.all == expected)
            var request = PeerInfo(lockHash: .zero, startedAt: first)
            request.twins = twins
            twin.heard(request.wireBytes(), from: PeerIndex(2), at: nil)
            #expect(seen.all == expected + expected)
        }
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

/// Work for a worker that does it when told.
private final class Jobs: Sendable {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    var count: Int { waiting.withLock { $0.count } }

    func add(_ job: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(job) } }

    func runAll() {
        let jobs = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for job in jobs { job() }
    }
}
