import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// What a tracker says of peers.
extension TrackerTests {
    @Test("counts who signed for whom, and who signed for whom nobody asked")
    func participation() throws {
        var tracker = try Self.tracker()
        let duty = Self.duty(.randao)
        let foreign = TrackedStep.signedByPeer(Fixture.share(3), [Fixture.key(2): Self.one])
        for step in [Self.local, Self.peer(2), foreign, .undueShare(Fixture.share(4), Self.keys)] {
            _ = tracker.record(duty, step, at: .slot(40))
        }
        let counts = Self.analysis(tracker.expire(duty, due: Self.keys, at: .slot(72)))?.participation.counts
        let expected: [(Int, Int, Int, Int)] = [(1, 2, 2, 0), (2, 2, 2, 0), (3, 0, 2, 1), (4, 0, 2, 2)]
        for (share, delivered, due, unexpected) in expected {
            let count = counts?[Fixture.share(share)]
            #expect(count == .init(delivered: delivered, expected: due, unexpected: unexpected), "share \(share)")
        }
    }

    @Test("a duty that nobody has makes all signatures unexpected; one that nobody knows of makes none so")
    func undue() throws {
        for (due, expected, unexpected) in [([], 0, 2), (nil, 2, 0)] as [(Set<PubKey>?, Int, Int)] {
            var tracker = try Self.tracker()
            for step in [Self.local, Self.peer(2)] { _ = tracker.record(Self.duty(.randao), step, at: .slot(40)) }
            let analysis = Self.analysis(tracker.expire(Self.duty(.randao), due: due, at: .slot(72)))
            let count = analysis?.participation.counts[Fixture.share(2)]
            #expect(count?.expected == expected && count?.unexpected == unexpected)
        }
    }

    @Test("ranks sync messages by the size of the group that saw the same head")
    func ranks() throws {
        var tracker = try Self.tracker()
        let duty = Self.duty(.syncMessage)
        for step in [Self.local, Self.peer(2, Self.two), Self.peer(3), Self.peer(4, Fixture.root(3))] {
            _ = tracker.record(duty, step, at: .slot(40))
        }
        let analysis = Self.analysis(tracker.expire(duty, due: Self.keys, at: .slot(72)))
        let ranks = (1...4).map { analysis?.participation.counts[Fixture.share($0)]?.ranks }
        #expect(ranks == [[0: 2], [1: 2], [0: 2], [2: 2]] && analysis?.isInconsistent == true)
    }

    @Test("an operator that stays away is told once, and so is its return")
    func attendance() throws {
        var tracker = try Self.tracker()
        var told: [Report] = []
        func run(_ slot: UInt64, _ peers: [Int]) {
            let duty = Duty.attester(slot: Slot(slot))
            for step in Self.upToLocal + peers.map({ Self.peer($0) }) {
                _ = tracker.record(duty, step, at: .slot(slot))
            }
            told += tracker.expire(duty, due: Self.keys, at: .slot(slot + 32)).filter {
                switch $0 {
                case .peerAbsent, .peerReturned: true
                default: false
                }
            }
        }
        for slot in 40...42 as ClosedRange<UInt64> { run(slot, [2, 3]) }
        #expect(told.isEmpty)
        for slot in 43...50 as ClosedRange<UInt64> { run(slot, [2, 3]) }
        #expect(told == [.peerAbsent(PeerIndex(3), duties: 4)])
        run(51, [2, 3, 4])
        run(52, [2, 3, 4])
        #expect(told == [.peerAbsent(PeerIndex(3), duties: 4), .peerReturned(PeerIndex(3), missed: 11)])
    }

    // MARK: Faults and bounds

    @Test(
        "the guilty operator is named, to people and to filters",
        arguments: [
            (TrackedStep.badShare(Fixture.pubKey(0), Fixture.share(3)), .badShare, 2, "share 3"),
            (
                .malformedShare(Fixture.pubKey(0), Fixture.share(2), "signed for another duty"), .malformedShare, 1,
                "another duty"
            ),
            (.undueShare(Fixture.share(2), [Fixture.pubKey(0)]), .undueShare, 1, "share 2"),
            (.badSet(Fixture.share(2)), .badSet, 1, "share 2"),
            (.suspectIgnored(Fixture.share(2), "often"), .suspectIgnored, 1, "share 2"),
            (.equivocatedShare(Fixture.pubKey(0), Fixture.share(2)), .equivocatedShare, 1, "two processes"),
            (.equivocatedVote(PeerIndex(2), "two values"), .equivocatedVote, 2, "two processes"),
            (.peerRefused(PeerIndex(1), "too much"), .refusedMessage, 1, "operator 1"),
            (.conflicted(Fixture.pubKey(0), "decided before"), .conflict, nil, "decided before"),
            (.unwantedBuilder(Fixture.pubKey(0)), .unwantedBuilder, nil, "--builder-api"),
            (.consensusFault("resume"), .consensus, nil, "resume"),
        ] as [(TrackedStep, DutyFault.Kind, Int?, String)])
    func faults(step: TrackedStep, kind: DutyFault.Kind, peer: Int?, part: String) throws {
        var tracker = try Self.tracker()
        guard case .fault(_, let fault)? = tracker.record(Self.duty(.attester), step, at: .slot(40)).first else {
            Issue.record("no report")
            return
        }
        #expect(fault.kind == kind && fault.peer == peer.map { PeerIndex($0) } && fault.description.contains(part))
        #expect(tracker.heldBytes == 0, "a fault alone holds nothing")
    }

    @Test("what peers alone know of is bounded, and nothing outlives its duty by more than two slots")
    func bounds() throws {
        var tracker = try Self.tracker()
        for slot in 30..<(30 + 2 * UInt64(Tracker.dutiesMax)) {
            _ = tracker.record(.attester(slot: Slot(slot)), Self.peer(2), at: .slot(30))
        }
        let full = tracker.heldBytes
        #expect(full < Tracker.dutiesMax * 1024)
        let own = Duty.attester(slot: Slot(9999))
        _ = tracker.record(own, Self.start, at: .slot(30))
        #expect(tracker.heldBytes > full, "what our scheduler begins is always watched")
        for slot in 30..<(30 + 2 * UInt64(Tracker.dutiesMax)) {
            _ = tracker.expire(.attester(slot: Slot(slot)), due: nil, at: .slot(62))
        }
        _ = tracker.expire(own, due: nil, at: .slot(62))
        _ = tracker.wake(at: .slot(63))
        #expect(tracker.heldBytes > full)
        _ = tracker.wake(at: .slot(64))
        #expect(tracker.heldBytes == 0)
    }

    @Test("a malformed signature spoils no good one that came before, nor ours")
    func malformed() throws {
        var tracker = try Self.tracker()
        let duty = Self.duty(.attester)
        let bad = [1, 2, 3].flatMap { share in
            Self.keys.map { TrackedStep.malformedShare($0, Fixture.share(share), "of another duty") }
        }
        for step in Self.upToLocal + [Self.peer(2)] + bad { _ = tracker.record(duty, step, at: .slot(40)) }
        let signers = Self.failure(tracker.expire(duty, due: Self.keys, at: .slot(72)))?.signers
        #expect(signers?.bad == [PeerIndex(2)] && signers?.silent == [PeerIndex(3)] && signers?.count == 2)
    }
}
