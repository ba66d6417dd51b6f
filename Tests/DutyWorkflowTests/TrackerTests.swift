import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Source of the verdicts: workflow.md §16.3, for attesters.
@Suite("Tracker")
struct TrackerTests {
    private static let duty = Duty.attester(slot: Slot(40))
    private static let keys: Set<PubKey> = [Fixture.pubKey(0), Fixture.pubKey(1)]
    private static let one = Fixture.root(1)
    private static let two = Fixture.root(2)

    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let steps: [TrackedStep]
        let step: DutyStep
        let reason: FailureReason
        init(_ description: String, _ steps: [TrackedStep], _ step: DutyStep, _ reason: FailureReason) {
            self.description = description
            self.steps = steps
            self.step = step
            self.reason = reason
        }
    }

    private static let decided = TrackedStep.decided(round: 1, leader: PeerIndex(0), after: .milliseconds(20))
    private static func roots(_ root: Root) -> [PubKey: Root] { [Fixture.pubKey(0): root, Fixture.pubKey(1): root] }
    private static func peer(_ share: Int, _ root: Root = one) -> TrackedStep {
        .signedByPeer(Fixture.share(share), roots(root))
    }
    private static let upToStored = [TrackedStep.fetched, decided, .stored(keys)]
    private static let upToLocal = upToStored + [.signedLocally(roots(one))]
    private static let upToThreshold = upToLocal + [peer(2), peer(3), .thresholdReached(keys)]

    static let rows: [Row] = [
        Row("the beacon node fails", [.fetchFailed("503")], .fetcher, .fetchBNError),
        Row(
            "the beacon node fails, others vote in vain", [.fetchFailed("503"), .consensusTimedOut], .consensus,
            .noConsensus),
        Row("no decision", [.fetched, .consensusTimedOut], .consensus, .noConsensus),
        Row(
            "no decision, the beacon node had failed once", [.fetchFailed("503"), .fetched, .consensusTimedOut],
            .consensus, .noConsensus),
        Row(
            "decided, refused by the store", [.fetched, decided, .conflicted(Fixture.pubKey(0), "slashing")], .dutyDB,
            .bugDutyDBError),
        Row("decided and stored, nobody signs", upToStored, .validatorAPI, .noLocalVCSignature),
        Row(
            "the validator client's signature is refused", upToStored + [.signFailed("other data")], .validatorAPI,
            .signingRefused),
        Row("no peer's signature", upToLocal, .parSigEx, .noPeerSignatures),
        Row("too few signatures", upToLocal + [peer(2)], .parSigDBExternal, .insufficientPeerSignatures),
        Row("peers signed, we did not", upToStored + [peer(2)], .validatorAPI, .noLocalVCSignature),
        Row("different messages signed", upToLocal + [peer(2, two)], .parSigDBExternal, .bugParSigDBInconsistent),
        Row(
            "a share equivocates", upToLocal + [peer(2), .equivocatedShare(Fixture.pubKey(0), Fixture.share(2))],
            .parSigDBExternal, .bugParSigDBInconsistent),
        Row("shares do not combine", upToThreshold, .sigAggregation, .bugSigAgg),
        Row(
            "the broadcast fails", upToThreshold + [.aggregated(keys), .broadcastFailed("400")], .broadcast,
            .broadcastBNError),
        Row(
            "one validator lacks signatures, the other is through",
            upToThreshold + [.aggregated([Fixture.pubKey(0)]), .broadcasted([Fixture.pubKey(0)])], .parSigDBExternal,
            .insufficientPeerSignatures),
    ]

    @Test("says where a duty stopped and why", arguments: rows)
    func verdict(row: Row) throws {
        var tracker = Tracker(configuration: try Fixture.configuration())
        for step in [.started(Self.keys)] + row.steps { _ = tracker.record(Self.duty, step, at: .slot(40)) }
        let reports = tracker.expire(Self.duty)
        guard case .failed(let duty, let step, let reason, _, let missing)? = reports.first else {
            Issue.record("no verdict: \(reports)")
            return
        }
        #expect((duty, step, reason) == (Self.duty, row.step, row.reason))
        #expect(!missing.isEmpty)
        #expect(tracker.expire(Self.duty).isEmpty, "said once")
    }

    @Test("success is told once, when the last validator is through")
    func success() throws {
        var tracker = Tracker(configuration: try Fixture.configuration())
        var reports: [Report] = []
        for step in [.started(Self.keys)] + Self.upToThreshold {
            reports += tracker.record(Self.duty, step, at: .slot(40, plus: 4))
        }
        reports = tracker.record(Self.duty, .broadcasted([Fixture.pubKey(0)]), at: .slot(40, plus: 5))
        #expect(reports.isEmpty)
        reports = tracker.record(Self.duty, .broadcasted([Fixture.pubKey(1)]), at: .slot(40, plus: 6))
        #expect(reports == [.succeeded(Self.duty, validators: 2, sinceDecided: .seconds(2))])
        #expect(tracker.record(Self.duty, .broadcasted(Self.keys), at: .slot(40, plus: 7)).isEmpty)
        #expect(tracker.expire(Self.duty).isEmpty)
    }

    @Test("a duty known from peers only is not judged")
    func foreign() throws {
        var tracker = Tracker(configuration: try Fixture.configuration())
        _ = tracker.record(Self.duty, Self.peer(2), at: .slot(40))
        #expect(tracker.expire(Self.duty).isEmpty)
    }

    @Test(
        "the guilty share and operator are named",
        arguments: [
            (TrackedStep.badShare(Fixture.pubKey(0), Fixture.share(3)), "share 3"),
            (.malformedShare(Fixture.pubKey(0), Fixture.share(2), "signed for another duty"), "another duty"),
            (.undueShare(Fixture.share(2), [Fixture.pubKey(0)]), "share 2"), (.badSet(Fixture.share(2)), "share 2"),
            (.suspectIgnored(Fixture.share(2), "often"), "share 2"),
            (.equivocatedVote(PeerIndex(2), "two values"), "operator 2"),
            (.peerRefused(PeerIndex(1), "too much"), "operator 1"),
        ])
    func faults(step: TrackedStep, name: String) throws {
        var tracker = Tracker(configuration: try Fixture.configuration())
        guard case .fault(_, let what)? = tracker.record(Self.duty, step, at: .slot(40)).first else {
            Issue.record("no report")
            return
        }
        #expect(what.contains(name))
    }
}
