import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

@Suite("where the cause of a failed duty lies, and with whom")
struct FailureLayerTests {
    private static func peers(_ indices: [Int]) -> [PeerIndex] { indices.map { PeerIndex($0) } }

    /// Node 0 of four.
    private static func view(connected: [Int]) -> ClusterView {
        ClusterView(own: PeerIndex(0), nodes: 4, threshold: 3, connected: Set(peers(connected)))
    }

    private static func failure(_ reason: FailureReason, _ change: (inout DutyFailure.Signers) -> Void = { _ in })
        -> DutyFailure
    {
        var signers = DutyFailure.Signers()
        change(&signers)
        return DutyFailure(
            Duty(slot: Slot(40), type: .attester), step: .parSigEx, reason: reason, missing: [Fixture.pubKey(0)],
            expected: 1, signers: signers)
    }

    @Test("the layer of a reason depends on who is connected only where consensus was not reached")
    func layers() {
        for reason in FailureReason.allCases {
            let failure = Self.failure(reason)
            let (all, few) = (Self.view(connected: [1, 2, 3]), Self.view(connected: [1]))
            #expect((failure.layer(in: all) != failure.layer(in: few)) == (reason == .noConsensus), "\(reason)")
        }
        let rows: [(FailureReason, Layer)] = [
            (.fetchBNError, .beaconNode), (.broadcastBNError, .beaconNode), (.noConsensus, .cluster),
            (.noLocalVCSignature, .validatorClient), (.signingRefused, .signer),
            (.insufficientPeerSignatures, .peers), (.missingAggregatorAttestation, .otherDuty),
            (.bugAggregationError, .machine), (.bugSigAgg, .thisNode),
        ]
        for (reason, layer) in rows {
            #expect(Self.failure(reason).layer(in: Self.view(connected: [1, 2, 3])) == layer, "\(reason)")
        }
    }

    @Test("names the operators that were missing, lied or stood alone, and nobody where it was our own doing")
    func guilty() {
        func guilty(_ failure: DutyFailure, connected: [Int] = [1, 2, 3]) -> [Int] {
            FailureSentence(failure, in: Self.view(connected: connected)).guilty.map(\.rawValue)
        }
        #expect(guilty(Self.failure(.noConsensus), connected: [1]) == [2, 3])
        #expect(guilty(Self.failure(.noConsensus), connected: [1, 2]) == [3], "it leads the first round")
        #expect(guilty(Self.failure(.noConsensus), connected: [1, 3]) == [])
        #expect(guilty(Self.failure(.noConsensus)) == [])
        let silent = Self.failure(.insufficientPeerSignatures) { signers in
            signers.silent = Self.peers([3])
            signers.bad = Self.peers([1])
        }
        #expect(guilty(silent) == [1, 3])
        let camps = Self.failure(.bugParSigDBInconsistent) {
            $0.camps = [Self.peers([0, 1]), Self.peers([3]), Self.peers([2])]
        }
        #expect(guilty(camps) == [2, 3])
        let liars = Self.failure(.bugParSigDBInconsistent) { signers in
            signers.camps = [Self.peers([0, 1]), Self.peers([2])]
            signers.twoFaced = Self.peers([3])
        }
        #expect(guilty(liars) == [3])
        #expect(guilty(Self.failure(.fetchBNError) { $0.silent = Self.peers([1, 2, 3]) }) == [])
    }

    @Test("the sentence is its parts")
    func parts() {
        let sentence = FailureSentence(Self.failure(.noPeerSignatures), in: Self.view(connected: [1, 2, 3]))
        #expect("\(sentence)" == "\(sentence.subject): \(sentence.cause); \(sentence.cure)")
    }
}
