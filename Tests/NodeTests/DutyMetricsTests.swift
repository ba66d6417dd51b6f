import Ethereum
import Prometheus
import SSZ
import TestSupport
import Testing

@testable import DutyWorkflow
@testable import Node

@Suite("metrics of duties")
struct DutyMetricsTests {
    private static let keys = (0..<3).map { PubKey(padding: [UInt8($0 + 1)]) }

    /// Three operators; the first signs for all, the second for one, the third something else.
    private static func analysis(_ outcome: DutyAnalysis.Outcome, _ type: DutyType) -> DutyAnalysis {
        let duty = Duty(slot: 40, type: type)
        var record = DutyRecord(duty, own: ShareIndex(PeerIndex(0)))
        let root = Root(padding: [1])
        func roots(_ keys: some Sequence<PubKey>, _ root: Root) -> [EntryKey: Root] {
            Dictionary(uniqueKeysWithValues: keys.map { (EntryKey($0), root) })
        }
        for step: TrackedStep in [
            .started(Set(keys)), .signedLocally(roots(keys, root)),
            .signedByPeer(ShareIndex(PeerIndex(1)), roots(keys.prefix(1), root)),
            .signedByPeer(ShareIndex(PeerIndex(2)), roots(keys, Root(padding: [2]))),
            .undueShare(ShareIndex(PeerIndex(2)), [PubKey(padding: [9])]),
        ] { record.note(step, at: Instant(unixSeconds: 0)) }
        let shares = (0..<3).map { ShareIndex(PeerIndex($0)) }
        return DutyAnalysis(
            duty: duty, outcome: outcome, validators: 3,
            participation: Participation(record, shares: shares, due: Set(keys)), isInconsistent: true,
            inclusionDelays: [1, 4], inclusionMissed: 2)
    }

    @Test("every type of duty starts at zero, and the three counters rise together")
    func outcomes() async throws {
        let metrics = try NodeFiles().metrics()
        let names = ["expect", "success", "failed"].map { "core_tracker_\($0)_duties_total" }
        for name in names {
            #expect(Scrape(metrics)[name] == DutyType.allCases.map { "\(name){duty=\"\($0.name)\"} 0" }.sorted())
        }
        metrics.duties.receive(.analysed(Self.analysis(.succeeded, .attester)))
        metrics.duties.receive(.analysed(Self.analysis(.failed(.noConsensus), .attester)))
        metrics.duties.receive(.analysed(Self.analysis(.failed(.noPeerSignatures), .attester)))
        metrics.duties.receive(.analysed(Self.analysis(.nothingToDo, .attester)))
        let scrape = Scrape(metrics)
        for (name, count) in zip(names, [3, 1, 2]) {
            #expect(scrape[name].contains("\(name){duty=\"attester\"} \(count)"))
        }
        #expect(
            scrape["core_tracker_failed_duty_reasons_total"] == [
                #"core_tracker_failed_duty_reasons_total{duty="attester",reason="no_consensus"} 1"#,
                #"core_tracker_failed_duty_reasons_total{duty="attester",reason="no_peer_signatures"} 1"#,
            ])
        let labels = #"{protocol="/charon/consensus/qbft/2.0.0",duty="attester",timer="eager_dlinear"}"#
        #expect(scrape["core_consensus_timeout_total"].contains("core_consensus_timeout_total\(labels) 1"))
        #expect(
            scrape["core_tracker_inclusion_missed_total"] == [
                #"core_tracker_inclusion_missed_total{duty="attester"} 8"#,
                #"core_tracker_inclusion_missed_total{duty="proposer"} 0"#,
            ])
    }

    @Test("rounds that most others were not in are counted by outcome, from zero")
    func roundChanges() async throws {
        let name = "core_consensus_insufficient_round_changes_total"
        let metrics = try NodeFiles().metrics()
        let decided = DutyType.allCases.filter(\.rules.isDecided)
        let before = Scrape(metrics)[name]
        #expect(before.count == 2 * decided.count && before.allSatisfy { $0.hasSuffix(" 0") })
        for _ in 0..<2 { metrics.duties.receive(.roundChangesLacked(Duty(slot: 40, type: .proposer), isDecided: true)) }
        metrics.duties.receive(.roundChangesLacked(Duty(slot: 40, type: .attester), isDecided: false))
        let labels = #"{protocol="/charon/consensus/qbft/2.0.0","#
        #expect(
            Scrape(metrics)[name].filter { !$0.hasSuffix(" 0") } == [
                name + labels + #"duty="attester",timer="eager_dlinear",outcome="timeout"} 1"#,
                name + labels + #"duty="proposer",timer="eager_dlinear",outcome="decided"} 2"#,
            ])
    }

    @Test("votes that were looked for in blocks are counted, with the slots that it took; blocks are not")
    func inclusion() async throws {
        let metrics = try NodeFiles().metrics()
        for type in [DutyType.attester, .proposer] {
            metrics.duties.receive(.analysed(Self.analysis(.succeeded, type)))
        }
        let scrape = Scrape(metrics)
        #expect(scrape["core_tracker_attestation_expect_total"] == ["core_tracker_attestation_expect_total 4"])
        #expect(scrape["core_tracker_attestation_success_total"] == ["core_tracker_attestation_success_total 2"])
        #expect(scrape["core_tracker_inclusion_delay"] == ["core_tracker_inclusion_delay 2.5"])
    }

    @Test("participation is counted by validators, and adds up")
    func participation() async throws {
        let metrics = try NodeFiles().metrics()
        metrics.duties.receive(.analysed(Self.analysis(.succeeded, .attester)))
        let scrape = Scrape(metrics)
        for (peer, delivered, missed) in [(0, 3, 0), (1, 1, 2), (2, 3, 0)] {
            let labels = "{duty=\"attester\",peer=\"operator-\(peer)\"}"
            for (name, count) in [
                ("participation_total", delivered), ("participation_success_total", delivered),
                ("participation_missed_total", missed), ("participation_expected_total", 3), ("participation", 1),
            ] {
                #expect(scrape["core_tracker_\(name)\(labels)"] == ["core_tracker_\(name)\(labels) \(count)"])
            }
        }
        #expect(
            scrape["core_tracker_unexpected_events_total"] == [
                #"core_tracker_unexpected_events_total{peer="operator-2"} 1"#
            ])
        #expect(scrape["core_tracker_parsig_cohort_rank_total"].isEmpty)
    }

    @Test("sync messages are counted by the size of their group")
    func ranks() async throws {
        let metrics = try NodeFiles().metrics()
        metrics.duties.receive(.analysed(Self.analysis(.succeeded, .syncMessage)))
        #expect(
            Scrape(metrics)["core_tracker_parsig_cohort_rank_total"] == [
                #"core_tracker_parsig_cohort_rank_total{duty="sync_message",peer_idx="0",rank="0"} 3"#,
                #"core_tracker_parsig_cohort_rank_total{duty="sync_message",peer_idx="1",rank="0"} 1"#,
                #"core_tracker_parsig_cohort_rank_total{duty="sync_message",peer_idx="2",rank="1"} 3"#,
            ])
    }

    @Test("decisions, and slots that were skipped")
    func decided() async throws {
        let metrics = try NodeFiles().metrics()
        let duty = Duty(slot: 40, type: .proposer)
        metrics.duties.receive(.started(duty, validators: 2))
        metrics.duties.receive(.decided(duty, round: 2, leader: PeerIndex(2), after: .milliseconds(600)))
        metrics.duties.receive(.dutiesMissed(from: 7, to: 9, count: nil, "late"))
        let scrape = Scrape(metrics)
        let labels = #"protocol="/charon/consensus/qbft/2.0.0",duty="proposer""#
        let timed = labels + #",timer="eager_dlinear""#
        #expect(scrape["core_scheduler_duty_total"] == [#"core_scheduler_duty_total{duty="proposer"} 2"#])
        #expect(scrape["core_consensus_decided_rounds"] == ["core_consensus_decided_rounds{\(timed)} 2"])
        #expect(scrape["core_consensus_decided_leader_index"] == ["core_consensus_decided_leader_index{\(labels)} 2"])
        #expect(scrape["core_consensus_duration_seconds_sum"] == ["core_consensus_duration_seconds_sum{\(timed)} 0.6"])
        #expect(scrape["core_scheduler_skipped_slots_total"] == ["core_scheduler_skipped_slots_total 3"])
    }
}
