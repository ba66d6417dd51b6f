import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

@Suite("what a failed duty says to people")
struct FailureSentenceTests {
    private static func peers(_ indices: [Int]) -> [PeerIndex] { indices.map { PeerIndex($0) } }

    /// Node 0 of four.
    private static func sentence(
        _ reason: FailureReason, _ type: DutyType = .attester, connected: [Int] = [1, 2, 3],
        detail: String = "", silent: [Int] = [], bad: [Int] = [], twoFaced: [Int] = [], camps: [[Int]] = [],
        count: Int = 1, missing: Int = 1
    ) -> String {
        var signers = DutyFailure.Signers()
        signers.silent = peers(silent)
        signers.bad = peers(bad)
        signers.twoFaced = peers(twoFaced)
        signers.camps = camps.map { peers($0) }
        signers.count = count
        let failure = DutyFailure(
            Duty(slot: Slot(40), type: type), step: .parSigEx, reason: reason, detail: detail,
            missing: (0..<missing).map { Fixture.pubKey($0) }, expected: missing, signers: signers)
        let view = ClusterView(
            own: PeerIndex(0), nodes: 4, threshold: 3, connected: Set(peers(connected)), names: [PeerIndex(2): "bob"])
        return "\(FailureSentence(failure, in: view))"
    }

    private static let rows: [(FailureReason, DutyType, [String])] = [
        (.fetchBNError, .attester, ["beacon node gave nothing", "(503)", "synced"]),
        (.bugFetchError, .attester, ["asked its beacon node for nothing", "report it"]),
        (.proposerNoExternalRandaos, .proposer, ["no other operator signed the randao", "validator client there"]),
        (.proposerInsufficientRandaos, .proposer, ["only 1 of 3", "randao", "operator 2 (bob)"]),
        (.proposerZeroRandaos, .proposer, ["no operator's validator client asked for the block", "check that"]),
        (.failedProposerRandao, .proposer, ["randao", "40/randao"]),
        (.noAggregatorSelections, .aggregator, ["no other operator signed the aggregator selection", "bob"]),
        (.insufficientAggregatorSelections, .aggregator, ["only 1 of 3", "aggregator selection", "bob"]),
        (.zeroAggregatorPrepares, .aggregator, ["aggregator selection", "--distributed", "told once"]),
        (.failedAggregatorSelection, .aggregator, ["aggregator selection", "40/prepare_aggregator"]),
        (.missingAggregatorAttestation, .aggregator, ["no attestation to aggregate", "40/attester"]),
        (.syncContributionNoExternalPrepares, .syncContribution, ["no other operator", "selection", "bob"]),
        (.syncContributionFewPrepares, .syncContribution, ["only 1 of 3", "selection", "bob"]),
        (.syncContributionZeroPrepares, .syncContribution, ["selection", "--distributed", "told once"]),
        (.syncContributionFailedPrepare, .syncContribution, ["selection", "40/prepare_sync_contribution"]),
        (.syncContributionNoSyncMsg, .syncContribution, ["no sync committee message", "40/sync_message"]),
        (.noConsensus, .attester, ["did not agree", "4 of 4 are connected", "beacon nodes"]),
        (.bugDutyDBError, .attester, ["refused to sign what the cluster decided (503)", "compare"]),
        (.noLocalVCSignature, .attester, ["this node's validator client did not sign", "check that it runs"]),
        (.signingRefused, .attester, ["this node did not sign (503)", "signer or validator client"]),
        (.bugParSigDBInternal, .attester, ["this node's own signature", "report it"]),
        (.noPeerSignatures, .attester, ["no other operator did", "operator 2 (bob) is connected"]),
        (.bugParSigDBExternal, .attester, ["of another operator", "report it"]),
        (.insufficientPeerSignatures, .attester, ["only 1 of 3 signatures came", "operator 2 (bob)"]),
        (
            .bugParSigDBInconsistent, .attester,
            ["different data", "operators 0 and 1 against operator 3", "compare"]
        ),
        (.parSigDBInconsistentSync, .syncMessage, ["different heads", "normal", "operator 3 should look"]),
        (.bugSigAgg, .attester, ["not combined", "report it"]),
        (.bugAggregationError, .attester, ["did not get to the beacon node in time", "load"]),
        (
            .broadcastBNError, .attester,
            ["this node's beacon node did not take it (503)", "check that beacon node"]
        ),
        (.notIncludedOnChain, .proposer, ["is not in the chain (503)", "has peers"]),
        (.unknown, .attester, ["stopped after step parsig_ex", "report it"]),
    ]

    @Test(
        "every reason names what was missed, the guilty layer or duty, and a cure",
        arguments: rows)
    func reasons(reason: FailureReason, type: DutyType, parts: [String]) {
        let text = Self.sentence(reason, type, detail: "503", silent: [2], camps: [[0, 1], [3]])
        for part in parts { #expect(text.contains(part), "\(text)") }
        #expect(text.contains("of slot 40 missed for validator (a00_000): "), "\(text)")
        #expect(!text.contains("connections"), "everybody is connected: \(text)")
    }

    @Test("no reason is without a row")
    func complete() {
        #expect(Set(Self.rows.map(\.0)) == Set(FailureReason.allCases))
    }

    @Test("connections are named only when somebody needed is not connected")
    func connections() {
        let layers: [FailureReason] = [
            .fetchBNError, .noLocalVCSignature, .signingRefused, .broadcastBNError, .bugDutyDBError, .bugSigAgg,
            .missingAggregatorAttestation, .notIncludedOnChain,
        ]
        for reason in layers { #expect(!Self.sentence(reason, connected: []).contains("connections"), "\(reason)") }
        let gone = Self.sentence(.noPeerSignatures, connected: [1], silent: [1, 2, 3])
        #expect(gone.contains("check the connections to operators 2 (bob) and 3; operator 1 is connected but"))
        let few = Self.sentence(.noConsensus, connected: [2])
        #expect(few.contains("3 of 4 are needed and 2 are there; check the connections to operators 1 and 3"))
        // Slot 40, duty type 2, round 1.
        let leader = Self.sentence(.noConsensus, connected: [1, 2])
        #expect(leader.contains("operator 3 leads the first round of this duty and is not connected"))
        let other = Self.sentence(.noConsensus, connected: [1, 3])
        #expect(other.contains("3 of 4 are connected") && !other.contains("connections"))
        let needless = Self.sentence(.insufficientPeerSignatures, connected: [1, 2], silent: [1])
        #expect(!needless.contains("connections"), "operator 3 signed, connected or not: \(needless)")
    }

    @Test("liars, bad signatures and latecomers are told apart")
    func guilt() {
        let twin = Self.sentence(.bugParSigDBInconsistent, twoFaced: [2], camps: [[0, 1], [2]])
        #expect(twin.contains("operator 2 (bob) signed two messages") && twin.contains("must stop one"))
        let bad = Self.sentence(.insufficientPeerSignatures, bad: [3], count: 2)
        #expect(bad.contains("operator 3 sent bad signatures: compare the key shares"))
        #expect(Self.sentence(.insufficientPeerSignatures, count: 2).contains("too late"))
    }

    @Test("many validators are counted, a few are named")
    func keys() {
        #expect(Self.sentence(.unknown, missing: 3).contains("for 3 validators (a00_000, a00_101 and a00_202)"))
        #expect(Self.sentence(.unknown, missing: 9).contains("for 9 validators (a00_000, a00_101, a00_202 and 6 more)"))
    }
}
