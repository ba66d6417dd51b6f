import DutyWorkflow
import Ethereum
import Node
import QBFT
import SSZ
import Storage
import Testing

#if STYX_KILL_POINTS
    @Suite("Kill points")
    struct KillPointTests {
        private static let duty = Duty.attester(slot: 5)
        private static let message = ConsensusMessage(
            duty: duty, message: QBFT.Message(.prepare, round: 1, source: 0), values: [:])
        /// What binds us, see `Outbox`.
        private static let effects: [(Effect, KillPoint)] = [
            (.sendConsensus(message), .vote), (.sendConsensusTo(PeerIndex(1), message), .decision),
            (.shareWithPeers(duty, [:]), .share), (.shareWithPeer(PeerIndex(1), duty, [:]), .shareAgain),
            (.broadcast(duty, [:]), .broadcast),
            (.answer(Ticket(1), .decided(duty, .attester(AttestationData(), AttesterDuty()))), .serve),
            (.answer(Ticket(1), .submitted([LocalVerdict(duty)])), .safe),
        ]

        @Test("each effect that waits for the disk can be preceded and followed by death", arguments: effects)
        func surrounded(effect: Effect, point: KillPoint) {
            var outbox = Outbox()
            #expect(outbox.add([.persist(.unsigned(Self.duty, [:])), effect]).isEmpty, "it waits")
            #expect(effect.killPoints?.before == point)
            #expect(effect.killPoints?.after != nil)
        }

        @Test("who is told no point lives on")
        func alive() {
            for point in KillPoint.allCases { point.pass() }
            #expect(!KillPoint.releasesEarly)
        }
    }
#endif
