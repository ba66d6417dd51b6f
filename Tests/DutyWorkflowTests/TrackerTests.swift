import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Source of the verdicts: workflow.md §16.3. This node holds share 1 of four; three are needed.
@Suite("Tracker")
struct TrackerTests {
    typealias Steps = [TrackedStep]

    static let slot = Slot(40)
    static let keys: Set<PubKey> = [Fixture.pubKey(0), Fixture.pubKey(1)]
    static let one = Fixture.root(1)
    static let two = Fixture.root(2)
    static let decided = TrackedStep.decided(round: 1, leader: PeerIndex(0), after: .milliseconds(20))
    static let start = TrackedStep.started(keys)

    static func roots(_ root: Root) -> [EntryKey: Root] { [Fixture.key(0): root, Fixture.key(1): root] }
    static func peer(_ share: Int, _ root: Root = one) -> TrackedStep {
        .signedByPeer(Fixture.share(share), roots(root))
    }
    static let local = TrackedStep.signedLocally(roots(one))
    static let upToStored = [start, .fetched, decided, .stored(keys)]
    static let upToLocal = upToStored + [local]
    static let upToThreshold = upToLocal + [peer(2), peer(3), .thresholdReached(keys)]
    private static let combined = [local, peer(2), peer(3), .thresholdReached(keys), .aggregated(keys)]
    private static let broadcast = upToThreshold + [.aggregated(keys), .submitted(keys), .broadcasted(keys)]

    /// A tracker that was there long before the duty.
    static func tracker() throws -> Tracker {
        var tracker = Tracker(configuration: try Fixture.configuration())
        _ = tracker.wake(at: .slot(20))
        return tracker
    }

    static func duty(_ type: DutyType) -> Duty { Duty(slot: slot, type: type) }

    static func failure(_ reports: [Report]) -> DutyFailure? {
        reports.lazy.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }.first
    }

    static func analysis(_ reports: [Report]) -> DutyAnalysis? {
        reports.lazy.compactMap { if case .analysed(let analysis) = $0 { analysis } else { nil } }.first
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let type: DutyType
        /// Steps of other duties of the slot, which came before.
        let others: [DutyType: Steps]
        let steps: Steps
        let step: DutyStep
        /// Nil: not a failure.
        let reason: FailureReason?

        init(
            _ description: String, of type: DutyType = .attester, after others: [DutyType: Steps] = [:], _ steps: Steps,
            _ step: DutyStep, _ reason: FailureReason?
        ) {
            testDescription = description
            self.type = type
            self.others = others
            self.steps = steps
            self.step = step
            self.reason = reason
        }
    }

    static let attesterRows: [Row] = [
        Row("nothing happened", [start], .scheduler, .unknown),
        Row("the beacon node fails", [start, .fetchFailed("503")], .fetcher, .fetchBNError),
        Row(
            "the beacon node fails, others vote in vain", [start, .fetchFailed("503"), .consensusTimedOut], .fetcher,
            .fetchBNError),
        Row("fetched, never proposed", [start, .fetched], .fetcher, .bugFetchError),
        Row("no decision", [start, .fetched, .consensusTimedOut], .consensus, .noConsensus),
        Row("no decision, no answer of the beacon node", [start, .consensusTimedOut], .consensus, .noConsensus),
        Row(
            "no decision, the beacon node had failed once",
            [start, .fetchFailed("503"), .fetched, .consensusTimedOut], .consensus, .noConsensus),
        Row("decided, not for these validators", [start, .fetched, decided], .consensus, .unknown),
        Row(
            "decided, refused by the store",
            [start, .fetched, decided] + keys.sorted().map { .conflicted($0, "slashing") }, .dutyDB, .bugDutyDBError),
        Row(
            "refused by the store here, signed by others",
            [start, .fetched, decided] + keys.sorted().map { .conflicted($0, "slashing") } + [peer(2)], .dutyDB,
            .bugDutyDBError),
        Row("decided and stored, nobody signs", upToStored, .validatorAPI, .noLocalVCSignature),
        Row(
            "the validator client's signature is refused", upToStored + [.signFailed("other data")], .validatorAPI,
            .signingRefused),
        Row("no peer's signature", upToLocal, .parSigEx, .noPeerSignatures),
        Row("too few signatures", upToLocal + [peer(2)], .parSigDBExternal, .insufficientPeerSignatures),
        Row("peers signed, we did not", upToStored + [peer(2)], .validatorAPI, .noLocalVCSignature),
        Row(
            "peers signed, we would not", upToStored + [peer(2), .signFailed("new journal")], .validatorAPI,
            .signingRefused),
        Row("a late node that decided nothing", [start, peer(2)], .parSigDBExternal, .insufficientPeerSignatures),
        Row("different messages signed", upToLocal + [peer(2, two)], .parSigDBExternal, .bugParSigDBInconsistent),
        Row(
            "a share equivocates", upToLocal + [peer(2)] + keys.map { .equivocatedShare($0, Fixture.share(2)) },
            .parSigDBExternal, .bugParSigDBInconsistent),
        Row("shares do not combine", upToThreshold, .sigAggregation, .bugSigAgg),
        Row(
            "a bad share leaves too few", upToThreshold + keys.map { .badShare($0, Fixture.share(3)) },
            .parSigDBExternal, .insufficientPeerSignatures),
        Row("combined, never broadcast", upToThreshold + [.aggregated(keys)], .aggSigDB, .bugAggregationError),
        Row(
            "the broadcast fails", upToThreshold + [.aggregated(keys), .broadcastFailed("400")], .broadcast,
            .broadcastBNError),
        Row(
            "one validator lacks signatures, the other is through",
            upToLocal + [
                peer(2), .signedByPeer(Fixture.share(3), [Fixture.key(0): one]), .thresholdReached([Fixture.pubKey(0)]),
                .aggregated([Fixture.pubKey(0)]), .broadcasted([Fixture.pubKey(0)]),
            ], .parSigDBExternal, .insufficientPeerSignatures),
    ]

    private static let selected: [DutyType: Steps] = [.prepareAggregator: combined, .attester: broadcast]
    private static let synced: [DutyType: Steps] = [.prepareSyncContribution: combined, .syncMessage: combined]

    static let prerequisiteRows: [Row] = [
        Row("no randao", of: .proposer, [start, .consensusTimedOut], .fetcher, .proposerZeroRandaos),
        Row("our randao only", of: .proposer, after: [.randao: [local]], [start], .fetcher, .proposerNoExternalRandaos),
        Row(
            "few randaos", of: .proposer, after: [.randao: [local, peer(2)]], [start], .fetcher,
            .proposerInsufficientRandaos),
        Row(
            "randao not combined", of: .proposer, after: [.randao: [local, peer(2), peer(3), .thresholdReached(keys)]],
            [start],
            .fetcher, .failedProposerRandao),
        Row(
            "randao fine, nothing fetched", of: .proposer, after: [.randao: combined], [start], .fetcher, .bugFetchError
        ),
        Row(
            "randao fine, beacon node fails", of: .proposer, after: [.randao: combined], [start, .fetchFailed("500")],
            .fetcher,
            .fetchBNError),
        Row(
            "randao fine, no answer, no decision", of: .proposer, after: [.randao: combined],
            [start, .consensusTimedOut],
            .consensus, .noConsensus),
        Row("nobody selected", of: .aggregator, after: selected, [start, .fetched], .fetcher, nil),
        Row(
            "others' aggregates undecided", of: .aggregator, after: selected, [start, .fetched, .consensusTimedOut],
            .consensus,
            .noConsensus),
        Row(
            "no selections", of: .aggregator, after: [.attester: broadcast], [start], .fetcher, .zeroAggregatorPrepares),
        Row(
            "our selections only", of: .aggregator, after: [.prepareAggregator: [local], .attester: broadcast], [start],
            .fetcher,
            .noAggregatorSelections),
        Row(
            "few selections", of: .aggregator, after: [.prepareAggregator: [local, peer(2)], .attester: broadcast],
            [start],
            .fetcher, .insufficientAggregatorSelections),
        Row(
            "selections not combined", of: .aggregator,
            after: [.prepareAggregator: [local, peer(2), .thresholdReached(keys)], .attester: broadcast], [start],
            .fetcher,
            .failedAggregatorSelection),
        Row(
            "no attestation to aggregate", of: .aggregator,
            after: [.prepareAggregator: combined, .attester: [start, .fetched]],
            [start], .fetcher, .missingAggregatorAttestation),
        Row(
            "no aggregate of the beacon node", of: .aggregator, after: selected, [start, .fetchFailed("404")], .fetcher,
            .fetchBNError),
        Row("nobody selected to contribute", of: .syncContribution, after: synced, [start, .fetched], .fetcher, nil),
        Row(
            "no sync selections", of: .syncContribution, after: [.syncMessage: combined], [start], .fetcher,
            .syncContributionZeroPrepares),
        Row(
            "our sync selections only", of: .syncContribution,
            after: [.prepareSyncContribution: [local], .syncMessage: combined],
            [start], .fetcher, .syncContributionNoExternalPrepares),
        Row(
            "few sync selections", of: .syncContribution,
            after: [.prepareSyncContribution: [peer(3), local], .syncMessage: combined], [start], .fetcher,
            .syncContributionFewPrepares),
        Row(
            "sync selections not combined", of: .syncContribution,
            after: [.prepareSyncContribution: [local, .thresholdReached(keys)], .syncMessage: combined], [start],
            .fetcher,
            .syncContributionFailedPrepare),
        Row(
            "no sync message", of: .syncContribution,
            after: [.prepareSyncContribution: combined, .syncMessage: [local, peer(2)]],
            [start], .fetcher, .syncContributionNoSyncMsg),
        Row(
            "sync messages over different heads", of: .syncMessage, [local, peer(2, two)], .parSigDBExternal,
            .parSigDBInconsistentSync),
        Row("we sent no sync message", of: .syncMessage, [peer(2)], .parSigDBExternal, .insufficientPeerSignatures),
        Row("our randao alone", of: .randao, [local], .parSigEx, .noPeerSignatures),
        Row("an exit waits", of: .exit, [local, peer(2)], .parSigDBExternal, .insufficientPeerSignatures),
    ]

    @Test("says where a duty stopped and why", arguments: attesterRows + prerequisiteRows)
    func verdict(row: Row) throws {
        var tracker = try Self.tracker()
        for (type, steps) in row.others {
            for step in steps { _ = tracker.record(Self.duty(type), step, at: .slot(40)) }
        }
        let duty = Self.duty(row.type)
        for step in row.steps { _ = tracker.record(duty, step, at: .slot(40)) }
        let reports = tracker.expire(duty, due: Self.keys, at: .slot(72))
        let failure = Self.failure(reports)
        #expect(failure?.reason == row.reason)
        if let failure {
            #expect(failure.duty == duty && failure.step == row.step && !failure.missing.isEmpty)
            #expect(failure.expected == 2)
        }
        let outcome = row.reason.map { DutyAnalysis.Outcome.failed($0) } ?? .nothingToDo
        #expect(Self.analysis(reports)?.outcome == outcome, "\(reports)")
    }

    /// What no step of ours leads to, by the table.
    @Test(
        "knows every row of the table",
        arguments: [
            (.parSigDBLocal, nil, .bugParSigDBInternal), (.parSigDBLocal, "full", .bugParSigDBInternal),
            (.parSigEx, nil, .noPeerSignatures), (.parSigEx, "x", .unknown),
            (.parSigDBExternal, "x", .bugParSigDBExternal), (.sigAggregation, "x", .bugSigAgg),
            (.aggSigDB, nil, .bugAggregationError), (.aggSigDB, "x", .bugAggregationError),
            (.broadcast, "x", .broadcastBNError), (.broadcast, nil, .unknown),
            (.chainInclusion, "x", .notIncludedOnChain), (.chainInclusion, nil, .unknown),
            (.dutyDB, "x", .bugDutyDBError), (.dutyDB, nil, .noLocalVCSignature),
        ] as [(DutyStep, String?, FailureReason)])
    func table(step: DutyStep, error: String?, reason: FailureReason) {
        let record = DutyRecord(Self.duty(.attester), own: Fixture.share(1))
        var path = DutyRecord.Path()
        path.note(step, error: error)
        guard case .failed(_, let found)? = record.verdict(of: path, own: Fixture.share(1)) else {
            Issue.record("no verdict")
            return
        }
        #expect(found == reason)
    }

    @Test("success is told once, when the last validator is through, and counted after the deadline")
    func success() throws {
        var tracker = try Self.tracker()
        let duty = Self.duty(.attester)
        var reports: [Report] = []
        for step in Self.upToThreshold + [.aggregated(Self.keys)] {
            reports += tracker.record(duty, step, at: .slot(40, plus: 4))
        }
        reports = tracker.record(duty, .broadcasted([Fixture.pubKey(0)]), at: .slot(40, plus: 5))
        #expect(reports.isEmpty)
        reports = tracker.record(duty, .broadcasted([Fixture.pubKey(1)]), at: .slot(40, plus: 6))
        #expect(reports == [.succeeded(duty, validators: 2, sinceDecided: .seconds(2))])
        #expect(tracker.record(duty, .broadcasted(Self.keys), at: .slot(40, plus: 7)).isEmpty)
        let end = tracker.expire(duty, due: Self.keys, at: .slot(72))
        #expect(end.count == 1 && Self.analysis(end)?.outcome == .succeeded && Self.analysis(end)?.validators == 2)
    }

    @Test("selections and randaos end well once they are combined", arguments: [DutyType.randao, .prepareAggregator])
    func internalDuties(type: DutyType) throws {
        var tracker = try Self.tracker()
        for step in Self.combined { _ = tracker.record(Self.duty(type), step, at: .slot(40)) }
        let end = tracker.expire(Self.duty(type), due: Self.keys, at: .slot(72))
        #expect(Self.analysis(end)?.outcome == .succeeded && end.count == 1)
    }

    @Test("of an aggregation, only validators that were selected have to get through")
    func selectedOnly() throws {
        var tracker = try Self.tracker()
        let (duty, chosen) = (Self.duty(.aggregator), Set([Fixture.pubKey(0)]))
        for step in [Self.start, .fetched, Self.decided, .stored(chosen), .aggregated(chosen), .broadcasted(chosen)] {
            _ = tracker.record(duty, step, at: .slot(40))
        }
        let end = tracker.expire(duty, due: Self.keys, at: .slot(72))
        #expect(Self.analysis(end)?.outcome == .succeeded && Self.analysis(end)?.validators == 1)
    }

    @Test("a validator client that never makes selections is told once, and again when it had begun to")
    func muted() throws {
        var tracker = try Self.tracker()
        func aggregator(_ slot: UInt64) -> [Report] {
            let duty = Duty(slot: Slot(slot), type: .aggregator)
            for step in Self.broadcast { _ = tracker.record(.attester(slot: Slot(slot)), step, at: .slot(slot)) }
            _ = tracker.record(duty, Self.start, at: .slot(slot))
            return tracker.expire(duty, due: Self.keys, at: .slot(slot + 32))
        }
        #expect(Self.failure(aggregator(40))?.reason == .zeroAggregatorPrepares)
        for slot in 41...43 as ClosedRange<UInt64> {
            let reports = aggregator(slot)
            #expect(Self.failure(reports) == nil && Self.analysis(reports)?.outcome == .nothingToDo)
        }
        _ = tracker.record(Duty(slot: Slot(44), type: .prepareAggregator), Self.local, at: .slot(44))
        #expect(Self.failure(aggregator(45))?.reason == .zeroAggregatorPrepares)
    }

    @Test("what was half seen after the start is not judged; a node that is there before genesis sees everything")
    func start() throws {
        func judged(since begin: Instant, slot: UInt64, clock: SlotClock = Fixture.clock()) throws -> Bool {
            var tracker = Tracker(configuration: try Fixture.configuration(clock: clock))
            _ = tracker.wake(at: begin)
            _ = tracker.record(.attester(slot: Slot(slot)), Self.start, at: begin)
            return !tracker.expire(.attester(slot: Slot(slot)), due: Self.keys, at: begin).isEmpty
        }
        #expect(try !judged(since: .slot(40), slot: 41) && judged(since: .slot(40), slot: 42))
        let fast = Fixture.clock(slot: .seconds(2))
        #expect(try !judged(since: .at(80), slot: 45, clock: fast) && judged(since: .at(80), slot: 46, clock: fast))
        #expect(try judged(since: .at(-1), slot: 0) && !judged(since: .at(0), slot: 1))
    }

    @Test("a duty known from peers only is not judged", arguments: [DutyType.attester, .randao, .exit])
    func foreign(type: DutyType) throws {
        var tracker = try Self.tracker()
        _ = tracker.record(Self.duty(type), Self.peer(2), at: .slot(40))
        #expect(tracker.expire(Self.duty(type), due: Self.keys, at: .slot(72)).isEmpty)
    }

    // MARK: The chain

    @Test("what is looked for in the chain is judged when it is found, or given up")
    func inclusion() throws {
        let duty = Self.duty(.attester)
        func over() throws -> Tracker {
            var tracker = try Self.tracker()
            for step in Self.broadcast { _ = tracker.record(duty, step, at: .slot(40)) }
            return tracker
        }
        var early = try over()
        let found = Dictionary(uniqueKeysWithValues: Self.keys.map { ($0, InclusionOutcome.included(delay: 1)) })
        #expect(early.found(duty, found).isEmpty)
        #expect(Self.analysis(early.expire(duty, due: Self.keys, at: .slot(72)))?.inclusionDelays == [1, 1])

        var late = try over()
        #expect(late.expire(duty, due: Self.keys, at: .slot(72)).isEmpty)
        #expect(late.wake(at: .slot(75)).isEmpty)
        #expect(late.found(duty, [Fixture.pubKey(0): .included(delay: 3)]).isEmpty)
        let missed = late.found(duty, [Fixture.pubKey(1): .missed("no block has it")])
        #expect(Self.failure(missed)?.reason == .notIncludedOnChain)
        #expect(Self.failure(missed)?.missing == [Fixture.pubKey(1)])
        #expect(Self.failure(missed)?.detail == "no block has it")
        #expect(Self.analysis(missed)?.inclusionDelays == [3] && Self.analysis(missed)?.inclusionMissed == 1)
        #expect(late.heldBytes == 0)

        var silent = try over()
        #expect(silent.expire(duty, due: Self.keys, at: .slot(72)).isEmpty)
        #expect(silent.wake(at: .slot(109)).isEmpty)
        #expect(Self.analysis(silent.wake(at: .slot(110)))?.outcome == .succeeded, "nobody knows better")
        #expect(silent.heldBytes == 0)
    }

    // MARK: Who took part

    @Test("long texts are cut")
    func longTexts() throws {
        var tracker = try Self.tracker()
        let duty = Self.duty(.attester)
        for step in [Self.start, .fetchFailed(String(repeating: "x", count: 10_000))] {
            _ = tracker.record(duty, step, at: .slot(40))
        }
        let detail = Self.failure(tracker.expire(duty, due: Self.keys, at: .slot(72)))?.detail
        #expect(detail?.count == DutyRecord.textMax + 1)
    }
}
