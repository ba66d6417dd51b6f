import Prometheus
import Testing

@testable import Doctor

@Suite("health rules over windows of samples")
struct HealthWatchTests {
    /// As after some minutes in which all is well.
    private static func quiet() -> HealthSample {
        var sample = HealthSample()
        sample.connectedPeers = 3
        sample.calls = ["attestation_data": .init(sum: 10, count: 100), "proposal": .init(sum: 10, count: 10)]
        sample.pings = ["operator-1": .init(sum: 1, count: 100)]
        sample.decidedRound = 1
        sample.lateHeads = ["bn": .init(some: 1, all: 100)]
        sample.arrivals = ["1": .init(sum: 10, count: 100)]
        sample.proposalArrivals = ["1": .init(sum: 10, count: 10)]
        sample.outsiders = ["1": .init(some: 2, all: 100)]
        sample.memoryBytes = 1e8
        sample.clockOffset = 0.05
        return sample
    }

    @Test("a quiet node fails none")
    func none() {
        var watch = HealthWatch(peersNeeded: 2)
        #expect(watch.failing == [])
        for _ in 0..<130 { watch.take(Self.quiet()) }
        #expect(watch.failing == [] && watch.crowded.isEmpty)
    }

    static let rows: [(HealthRule, @Sendable (inout HealthSample) -> Void)] = [
        (.beaconNodeSyncing, { $0.isSyncing = true }),
        (.pendingValidators, { $0.pendingValidators = 1 }),
        (.registrationFailures, { $0.registrationErrors += 1 }),
        (.highCardinality, { $0.crowded = ["a": 5000] }),
        (.beaconNodeLatency, { $0.calls["attestation_data"] = .init(sum: 21, count: 110) }),
        (.beaconNodeProposalLatency, { $0.calls["proposal"] = .init(sum: 15, count: 12) }),
        (.clockOffset, { $0.clockOffset = 0.21 }),
        (.pingLatency, { $0.pings["operator-1"] = .init(sum: 2.7, count: 110) }),
        (.usingFallback, { $0.usesFallback = true }),
        (.roundChanges, { $0.lackedRoundChanges += 1 }),
        (.consensusRounds, { $0.decidedRound = 2 }),
        (.localBlock, { $0.isBlockLocal = true }),
        (.proposalFeeRecipient, { $0.paysOther = true }),
        (.headDelay, { $0.lateHeads["bn"] = .init(some: 6, all: 110) }),
        (.parSigLatency, { $0.arrivals["1"] = .init(sum: 31, count: 110) }),
        (.parSigLatencyProposer, { $0.proposalArrivals["1"] = .init(sum: 17, count: 12) }),
        (.syncHeadDisagreement, { $0.outsiders["1"] = .init(some: 4, all: 120) }),
    ]

    @Test("each fails for its cause alone, and no more when its window is over", arguments: rows.indices)
    func causes(row: Int) {
        let (rule, change) = Self.rows[row]
        var watch = HealthWatch(peersNeeded: 2)
        for _ in 0..<125 { watch.take(Self.quiet()) }
        var sample = Self.quiet()
        change(&sample)
        watch.take(sample)
        #expect(watch.failing == [rule])
        // Counters stay where they are, and gauges are well again.
        var later = Self.quiet()
        later.registrationErrors = sample.registrationErrors
        later.lackedRoundChanges = sample.lackedRoundChanges
        (later.calls, later.pings, later.lateHeads) = (sample.calls, sample.pings, sample.lateHeads)
        (later.arrivals, later.proposalArrivals) = (sample.arrivals, sample.proposalArrivals)
        later.outsiders = sample.outsiders
        for _ in 0..<9 { watch.take(later) }
        let lasts: Set<HealthRule> = [.highCardinality, .localBlock, .proposalFeeRecipient]
        #expect(watch.failing == (lasts.contains(rule) ? [] : [rule]))
        for _ in 0..<120 { watch.take(later) }
        #expect(watch.failing == [])
    }

    @Test("too few peers fail while no sample of the window had enough")
    func peers() {
        var watch = HealthWatch(peersNeeded: 2)
        var lonely = Self.quiet()
        lonely.connectedPeers = 1
        watch.take(Self.quiet())
        for _ in 0..<9 {
            watch.take(lonely)
            #expect(watch.failing == [])
        }
        watch.take(lonely)
        #expect(watch.failing == [.connectedPeers])
        watch.take(Self.quiet())
        #expect(watch.failing == [])
    }

    @Test("memory counts by the day, without the first four hours")
    func memory() {
        var watch = HealthWatch(peersNeeded: 2)
        func run(hours: Int, _ bytes: Double) {
            var sample = Self.quiet()
            sample.memoryBytes = bytes
            for _ in 0..<hours * 120 { watch.take(sample) }
        }
        run(hours: 4, 9e8)
        run(hours: 24, 1e8)
        #expect(watch.failing == [])
        run(hours: 24, 1.04e8)
        #expect(watch.failing == [])
        run(hours: 24, 1.1e8)
        #expect(watch.failing == [.memoryLeak])
        run(hours: 24, 1.1e8)
        #expect(watch.failing == [])
    }

    @Test("a rule on few sync messages says nothing")
    func fewMessages() {
        var watch = HealthWatch(peersNeeded: 0)
        var sample = HealthSample()
        sample.outsiders = ["1": .init(some: 19, all: 19)]
        watch.take(sample)
        #expect(watch.failing == [])
        sample.outsiders = ["1": .init(some: 20, all: 20)]
        watch.take(sample)
        #expect(watch.failing == [.syncHeadDisagreement])
    }

    @Test("names and severities are Charon's")
    func names() {
        #expect(HealthRule.allCases.count == 19)
        #expect(
            HealthRule.allCases.filter { $0.severity == .critical }.map(\.rawValue) == [
                "beacon_node_syncing", "insufficient_connected_peers", "local_proposal_fee_recipient_mismatch",
            ])
        #expect(HealthRule.allCases.filter { $0.severity == .info } == [.pendingValidators])
        #expect(Set(HealthRule.allCases.map(\.description)).count == 19)
    }
}

@Suite("samples of metrics")
struct HealthSampleTests {
    private struct Duty: Label {
        static let name = "duty"
        let value: String
    }
    private struct PeerIdx: Label {
        static let name = "peer_idx"
        let value: String
    }
    private struct Peer: Label {
        static let name = "peer"
        let value: String
    }
    private struct Rank: Label {
        static let name = "rank"
        let value: String
    }
    private struct Status: Label {
        static let name = "status"
        let value: String
    }

    @Test("are read from the metrics by name and label")
    func read() {
        var all = MetricRegistry()
        all.gauge("app_monitoring_readyz", "").set(3)
        let pings = all.gauge("p2p_ping_success", "", Labels1<Peer>.self)
        for (peer, value) in [("a", 1.0), ("b", 0), ("c", 1)] { pings.set(value, .init(.init(value: peer))) }
        let statuses = all.gauge("core_scheduler_validator_status", "", Labels1<Status>.self)
        statuses.set(1, .init(.init(value: "pending_queued")))
        statuses.set(0, .init(.init(value: "pending_initialized")))
        statuses.set(1, .init(.init(value: "active_ongoing")))
        let rounds = all.gauge("core_consensus_decided_rounds", "", Labels1<Duty>.self)
        rounds.set(3, .init(.init(value: "attester")))
        rounds.set(9, .init(.init(value: "info_sync")))
        let lacking = all.counter("core_consensus_insufficient_round_changes_total", "", Labels1<Duty>.self)
        lacking.add(2, .init(.init(value: "attester")))
        lacking.add(1, .init(.init(value: "info_sync")))
        let heads = all.histogram(
            "app_beacon_node_sse_head_delay", "", Labels1<Peer>.self, buckets: [2, 4, 6, 8, 10, 12])
        for delay in [0.5, 4, 4.1, 30] { heads.observe(delay, .init(.init(value: "bn"))) }
        let store = all.histogram("core_parsigdb_store", "", Labels2<Duty, PeerIdx>.self, buckets: [1])
        store.observe(2, .init(.init(value: "attester"), .init(value: "1")))
        store.observe(4, .init(.init(value: "attester"), .init(value: "1")))
        store.observe(7, .init(.init(value: "proposer"), .init(value: "2")))
        let ranks = all.counter("core_tracker_parsig_cohort_rank_total", "", Labels3<Duty, PeerIdx, Rank>.self)
        ranks.add(5, .init(.init(value: "sync_message"), .init(value: "1"), .init(value: "0")))
        ranks.add(2, .init(.init(value: "sync_message"), .init(value: "1"), .init(value: "1")))
        ranks.add(2, .init(.init(value: "sync_contribution"), .init(value: "1"), .init(value: "1")))
        let crowd = all.counter("crowd", "", Labels1<Peer>.self)
        for number in 0..<101 { crowd.add(1, .init(.init(value: "\(number)"))) }

        let sample = HealthSample(all.metrics, validators: 1)
        #expect(sample.isSyncing && sample.connectedPeers == 2 && sample.pendingValidators == 1)
        #expect(sample.decidedRound == 3 && sample.lackedRoundChanges == 3)
        #expect(sample.lateHeads == ["bn": .init(some: 2, all: 4)])
        #expect(sample.arrivals == ["1": .init(sum: 6, count: 2)])
        #expect(sample.proposalArrivals == ["2": .init(sum: 7, count: 1)])
        #expect(sample.outsiders == ["1": .init(some: 2, all: 7)])
        #expect(sample.crowded == ["crowd": 101])
        #expect(HealthSample(all.metrics, validators: 2).crowded.isEmpty)
    }
}
