import DutyWorkflow
import Prometheus
import PeerProtocols

/// What became of duties, from the workflow's reports.
struct DutyMetrics: Sendable {
    typealias Duties = Labels1<MetricLabels.DutyKind>
    typealias DutiesOfPeers = Labels2<MetricLabels.DutyKind, MetricLabels.Peer>
    typealias Instances = Labels3<MetricLabels.ProtocolName, MetricLabels.DutyKind, MetricLabels.TimerStyle>
    typealias EndedInstances = Labels4<
        MetricLabels.ProtocolName, MetricLabels.DutyKind, MetricLabels.TimerStyle, MetricLabels.Outcome
    >

    private static let qbft = MetricLabels.ProtocolName(value: ConsensusProtocol.id)

    private let consensus: ConsensusPreferences
    private let scheduled: Counter<Duties>
    private let skipped: Counter<NoLabels>
    private let consensusDuration: Histogram<Instances>
    private let decidedRound: Gauge<Instances>
    private let decidedLeader: Gauge<Labels2<MetricLabels.ProtocolName, MetricLabels.DutyKind>>
    private let consensusTimeouts: Counter<Instances>
    private let lackedRoundChanges: Counter<EndedInstances>
    private let expected: Counter<Duties>
    private let succeeded: Counter<Duties>
    private let failed: Counter<Duties>
    private let reasons: Counter<Labels2<MetricLabels.DutyKind, MetricLabels.Reason>>
    private let inconsistent: Counter<Duties>
    private let notIncluded: Counter<Duties>
    private let participation: Gauge<DutiesOfPeers>
    private let participations: Counter<DutiesOfPeers>
    private let delivered: Counter<DutiesOfPeers>
    private let missed: Counter<DutiesOfPeers>
    private let due: Counter<DutiesOfPeers>
    private let inclusionDelay: Gauge<NoLabels>
    private let votesExpected: Counter<NoLabels>
    private let votesIncluded: Counter<NoLabels>
    private let unexpected: Counter<Labels1<MetricLabels.Peer>>
    private let ranks: Counter<Labels3<MetricLabels.DutyKind, MetricLabels.PeerNumber, MetricLabels.Rank>>

    init(_ all: inout MetricRegistry, consensus: ConsensusPreferences) {
        self.consensus = consensus
        scheduled = all.counter("core_scheduler_duty_total", "Validators with a duty.", Duties.self)
        skipped = all.counter("core_scheduler_skipped_slots_total", "Slots whose duties were never begun.")
        consensusDuration = all.histogram(
            "core_consensus_duration_seconds", "From the begin of consensus to the decision.", Instances.self,
            buckets: NodeMetrics.beaconBuckets)
        decidedRound = all.gauge("core_consensus_decided_rounds", "Round of the last decision.", Instances.self)
        decidedLeader = all.gauge(
            "core_consensus_decided_leader_index", "Leader of the last decision, by position in the lock.",
            Labels2<MetricLabels.ProtocolName, MetricLabels.DutyKind>.self)
        consensusTimeouts = all.counter(
            "core_consensus_timeout_total", "Duties for which consensus came to no decision.", Instances.self)
        lackedRoundChanges = all.counter(
            "core_consensus_insufficient_round_changes_total",
            "Duties in which this node waited in a later round than the first, and most others were not in it.",
            EndedInstances.self)
        expected = all.counter("core_tracker_expect_duties_total", "Duties that are over.", Duties.self)
        succeeded = all.counter("core_tracker_success_duties_total", "Duties that worked.", Duties.self)
        failed = all.counter("core_tracker_failed_duties_total", "Duties that failed.", Duties.self)
        reasons = all.counter(
            "core_tracker_failed_duty_reasons_total", "Why duties failed.",
            Labels2<MetricLabels.DutyKind, MetricLabels.Reason>.self)
        inconsistent = all.counter(
            "core_tracker_inconsistent_parsigs_total", "Duties with signatures of different messages.", Duties.self)
        notIncluded = all.counter(
            "core_tracker_inclusion_missed_total", "Validators whose broadcast signature is in no block.", Duties.self)
        inclusionDelay = all.gauge(
            "core_tracker_inclusion_delay", "Slots from the last vote to the block that has it, on average of a duty.")
        votesExpected = all.counter(
            "core_tracker_attestation_expect_total", "Votes that were looked for in blocks.")
        votesIncluded = all.counter("core_tracker_attestation_success_total", "Votes that were found in a block.")
        participation = all.gauge(
            "core_tracker_participation", "Whether an operator signed in the last duty.", DutiesOfPeers.self)
        participations = all.counter(
            "core_tracker_participation_total", "Validators an operator signed for.", DutiesOfPeers.self)
        delivered = all.counter(
            "core_tracker_participation_success_total", "Validators an operator signed for.", DutiesOfPeers.self)
        missed = all.counter(
            "core_tracker_participation_missed_total", "Validators an operator did not sign for.", DutiesOfPeers.self)
        due = all.counter(
            "core_tracker_participation_expected_total", "Validators an operator was to sign for.", DutiesOfPeers.self)
        unexpected = all.counter(
            "core_tracker_unexpected_events_total", "Validators signed for that do not have the duty.",
            Labels1<MetricLabels.Peer>.self)
        ranks = all.counter(
            "core_tracker_parsig_cohort_rank_total",
            "Signatures by the size of the group that signed the same message: 0 is the biggest.",
            Labels3<MetricLabels.DutyKind, MetricLabels.PeerNumber, MetricLabels.Rank>.self)
        // Rates need a point to start from.
        for type in DutyType.allCases {
            for counter in [expected, succeeded, failed] { counter.add(0, .init(.init(type))) }
            guard type.rules.isDecided else { continue }
            consensusTimeouts.add(0, .init(Self.qbft, .init(type), timer(type)))
            for isDecided in [true, false] { lackedRoundChanges.add(0, ended(type, isDecided: isDecided)) }
        }
        skipped.add(0)
        notIncluded.add(0, .init(.init(.proposer)))
    }

    func receive(_ report: Report) {
        switch report {
        case .started(let duty, let validators): scheduled.add(Double(validators), .init(.init(duty.type)))
        case .decided(let duty, let round, let leader, let after):
            let labels = Instances(Self.qbft, .init(duty.type), timer(duty.type))
            consensusDuration.observe(after, labels)
            decidedRound.set(Double(round), labels)
            decidedLeader.set(Double(leader.rawValue), .init(Self.qbft, .init(duty.type)))
        case .roundChangesLacked(let duty, let isDecided):
            lackedRoundChanges.add(1, ended(duty.type, isDecided: isDecided))
        case .analysed(let analysis): receive(analysis)
        case .dutiesMissed(let from, let to, _, _):
            skipped.add(from <= to ? Double(to.rawValue - from.rawValue) + 1 : 0)
        case .succeeded, .failed, .peerAbsent, .peerReturned, .roundChanged, .retrying, .dutiesUnavailable,
            .validatorsWithoutDuty, .fault, .prioritiesAgreed, .twinSeen, .stillHalted, .slashed, .slashingLifted,
            .plannedSwitch:
            break
        }
    }

    private func ended(_ type: DutyType, isDecided: Bool) -> EndedInstances {
        EndedInstances(Self.qbft, .init(type), timer(type), .init(isDecided: isDecided))
    }

    private func receive(votes analysis: DutyAnalysis) {
        let delays = analysis.inclusionDelays
        guard delays.count + analysis.inclusionMissed > 0 else { return }
        votesExpected.add(Double(delays.count + analysis.inclusionMissed))
        votesIncluded.add(Double(delays.count))
        guard !delays.isEmpty else { return }
        inclusionDelay.set(Double(delays.reduce(0, +)) / Double(delays.count))
    }

    private func timer(_ type: DutyType) -> MetricLabels.TimerStyle {
        MetricLabels.TimerStyle(value: consensus.timerStyle(type).rawValue)
    }

    /// The three counters of a duty are raised together, so that none runs ahead of another.
    private func receive(_ analysis: DutyAnalysis) {
        let duty = MetricLabels.DutyKind(analysis.duty.type)
        switch analysis.outcome {
        case .succeeded:
            expected.add(1, .init(duty))
            succeeded.add(1, .init(duty))
        case .failed(let reason):
            expected.add(1, .init(duty))
            failed.add(1, .init(duty))
            reasons.add(1, .init(duty, .init(reason)))
            if reason == .noConsensus {
                consensusTimeouts.add(1, .init(Self.qbft, duty, timer(analysis.duty.type)))
            }
        case .nothingToDo: break
        }
        if analysis.isInconsistent { inconsistent.add(1, .init(duty)) }
        if analysis.duty.type == .attester { receive(votes: analysis) }
        if analysis.inclusionMissed > 0 { notIncluded.add(Double(analysis.inclusionMissed), .init(duty)) }
        for (share, count) in analysis.participation.counts {
            let labels = DutiesOfPeers(duty, .init(share.peer))
            participation.set(count.delivered > 0 ? 1 : 0, labels)
            participations.add(Double(count.delivered), labels)
            delivered.add(Double(count.delivered), labels)
            missed.add(Double(max(0, count.expected - count.delivered)), labels)
            due.add(Double(count.expected), labels)
            if count.unexpected > 0 { unexpected.add(Double(count.unexpected), .init(.init(share.peer))) }
            for (rank, validators) in count.ranks {
                ranks.add(Double(validators), .init(duty, .init(share.peer), .init(rank)))
            }
        }
    }
}
