import DutyWorkflow
import Ethereum
import Libp2p
import NIOCore
import NIOEmbedded
import SSZ
import Synchronization
import Testing

@testable import PeerProtocols

/// What peers share while this node starts.
@Suite("early shares")
struct EarlySharesTests {
    private let cluster = TestCluster()
    private let seen = Observations()
    private let loop = EmbeddedEventLoop()
    private let isReady = Ready()
    private let directory: PeerDirectory

    init() { directory = PeerDirectory(peers: cluster.keys.map { PeerID($0.publicKey) }, own: PeerIndex(0)) }

    private final class Ready: Sendable {
        private let flag = Atomic(false)
        var now: Bool { flag.load(ordering: .relaxed) }
        func begin() { flag.store(true, ordering: .relaxed) }
    }

    private func parSigEx() -> ParSigExProtocol {
        let (seen, isReady) = (seen, isReady)
        return ParSigExProtocol(
            codec: ParSigExCodec(validators: Set(cluster.pubKeys), nodes: 4), directory: directory,
            sender: PeerSender(
                peers: directory.others, loop: loop, observe: { _ in }, transport: { _, _, _, _ in }),
            worker: { $0() }, admits: { _, _ in isReady.now ? .admitted : .notReady },
            deliver: { duty, _, peer in seen.note("\(duty) by \(peer)") },
            observe: { event in
                if case .delivered = event { return }
                seen.note(event)
            })
    }

    private func message(slot: UInt64, from peer: Int) throws -> InboundMessage {
        let selection = BeaconCommitteeSelection(
            validatorIndex: 1, slot: Slot(slot), selectionProof: SignatureBytes(padding: [1]))
        let partial = ParSignedData(
            data: .committeeSelection(selection), shareIndex: try #require(ShareIndex(wire: peer + 1)))
        let bytes = ParSigExCodec.encode(
            Duty(slot: Slot(slot), type: .prepareAggregator), [EntryKey(cluster.pubKeys[0]): partial])
        return InboundMessage(peer: directory[PeerIndex(peer)], bytes: bytes)
    }

    @Test("they are received once the node can tell what is due, also those that came several times")
    func kept() throws {
        let parSigEx = parSigEx()
        for slot in 0..<70 as Range<UInt64> { parSigEx.receive(try message(slot: slot, from: 1)) }
        for _ in 0..<3 { parSigEx.receive(try message(slot: 7, from: 2)) }
        #expect(seen.all.isEmpty)
        isReady.begin()
        parSigEx.open()
        loop.run()
        let ofOne = (0..<70).map { "\($0)/prepare_aggregator by 1" }
        #expect(seen.all.filter { $0.hasSuffix("by 1") } == ofOne)
        #expect(seen.all.contains("7/prepare_aggregator by 2"))
        parSigEx.open()
        loop.run()
        #expect(seen.all.filter { $0.hasSuffix("by 1") } == ofOne, "once")
    }

    @Test("of each operator the newest megabyte")
    func bounded() throws {
        let parSigEx = parSigEx()
        let size = try message(slot: 1_000_000, from: 1).bytes.count + 64
        let fitting = (1 << 20) / size
        for slot in 0..<UInt64(fitting + 50) {
            parSigEx.receive(try message(slot: 1_000_000 + slot, from: 1))
        }
        parSigEx.receive(try message(slot: 5, from: 2))
        isReady.begin()
        parSigEx.open()
        loop.run()
        let ofOne = seen.all.filter { $0.hasSuffix("by 1") }
        #expect(ofOne.count == fitting)
        #expect(ofOne.first == "\(1_000_050)/prepare_aggregator by 1")
        #expect(seen.all.contains("5/prepare_aggregator by 2"), "nobody's room is another's")
    }

    @Test("what is no share of any duty is refused at once")
    func junk() {
        parSigEx().receive(InboundMessage(peer: directory[PeerIndex(1)], bytes: [1, 2, 3]))
        #expect(seen.all == ["refused 1: undecodable"])
    }
}
