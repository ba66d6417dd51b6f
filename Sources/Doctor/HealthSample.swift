import Prometheus

/// What the health rules look at, of all metrics at one moment.
package struct HealthSample: Hashable, Sendable {
    /// Of a histogram, since the start of the process.
    package struct Total: Hashable, Sendable {
        package var sum = 0.0
        package var count = 0.0

        static func - (a: Self, b: Self) -> Self { Self(sum: a.sum - b.sum, count: a.count - b.count) }

        /// Nil if nothing was counted.
        var mean: Double? { count > 0 ? sum / count : nil }
    }

    /// So many of all.
    package struct Part: Hashable, Sendable {
        package var some = 0.0
        package var all = 0.0

        static func - (a: Self, b: Self) -> Self { Self(some: a.some - b.some, all: a.all - b.all) }
    }

    var isSyncing = false
    /// Those that answered the last ping.
    var connectedPeers = 0
    var pendingValidators = 0
    var registrationErrors = 0.0
    /// Series of metrics, where there are too many.
    package internal(set) var crowded: [String: Int] = [:]
    var calls: [String: Total] = [:]
    var clockOffset = 0.0
    var pings: [String: Total] = [:]
    var usesFallback = false
    var lackedRoundChanges = 0.0
    var decidedRound = 0.0
    var isBlockLocal = false
    var paysOther = false
    /// Of all heads by beacon node, those that came late.
    var lateHeads: [String: Part] = [:]
    var arrivals: [String: Total] = [:]
    var proposalArrivals: [String: Total] = [:]
    /// Of all sync messages by operator, those outside the biggest group.
    var outsiders: [String: Part] = [:]
    package internal(set) var memoryBytes = 0.0

    /// The moment of the start: nothing has happened.
    package init() {}

    /// - Parameter validators: of the cluster.
    package init(_ metrics: [any Metric], validators: Int) {
        for metric in metrics { read(metric, seriesMax: 100 * max(1, validators)) }
    }

    private mutating func read(_ metric: any Metric, seriesMax: Int) {
        let series = metric.series
        if series.count > seriesMax { crowded[metric.name] = series.count }
        func numbers(where condition: ([String: String]) -> Bool = { _ in true }) -> [Double] {
            series.compactMap { one -> Double? in
                guard case .number(let number) = one.value,
                    condition(Dictionary(zip(metric.labelNames, one.labels), uniquingKeysWith: { first, _ in first }))
                else { return nil }
                return number
            }
        }
        switch metric.name {
        case "app_monitoring_readyz": isSyncing = numbers().contains(3)
        case "p2p_ping_success": connectedPeers = numbers().count(where: { $0 != 0 })
        case "core_scheduler_validator_status":
            pendingValidators = Int(numbers { $0["status"]?.contains("pending") ?? false }.reduce(0, +))
        case "core_scheduler_submit_registration_errors_total": registrationErrors = numbers().reduce(0, +)
        case "app_eth2_latency_seconds": calls = totals(metric, series, by: "endpoint")
        case "app_peerinfo_clock_offset_seconds": clockOffset = numbers().map(abs).max() ?? 0
        case "p2p_ping_latency_secs": pings = totals(metric, series, by: "peer")
        case "app_eth2_using_fallback": usesFallback = numbers().contains { $0 > 0 }
        case "core_consensus_insufficient_round_changes_total": lackedRoundChanges = numbers().reduce(0, +)
        case "core_consensus_decided_rounds":
            decidedRound = numbers { ["attester", "proposer"].contains($0["duty"]) }.max() ?? 0
        case "core_fetcher_proposal_blinded": isBlockLocal = numbers().contains(2)
        case "core_fetcher_proposal_local_mismatch_fee_recipient": paysOther = numbers().contains(2)
        case "app_beacon_node_sse_head_delay": lateHeads = Self.late(metric, series)
        case "core_parsigdb_store":
            arrivals = totals(metric, series, by: "peer_idx") { $0["duty"] == "attester" }
            proposalArrivals = totals(metric, series, by: "peer_idx") { $0["duty"] == "proposer" }
        case "core_tracker_parsig_cohort_rank_total": outsiders = Self.outsiders(metric, series)
        case "process_resident_memory_bytes": memoryBytes = numbers().first ?? 0
        default: break
        }
    }

    private func totals(
        _ metric: any Metric, _ series: [Series], by label: String,
        where condition: ([String: String]) -> Bool = { _ in true }
    ) -> [String: Total] {
        var totals: [String: Total] = [:]
        for one in series {
            let labels = Dictionary(zip(metric.labelNames, one.labels), uniquingKeysWith: { first, _ in first })
            guard case .distribution(let distribution) = one.value, condition(labels) else { continue }
            let key = labels[label] ?? ""
            totals[key, default: Total()].sum += distribution.sum
            totals[key, default: Total()].count += Double(distribution.count)
        }
        return totals
    }

    /// Heads later than 4 s.
    private static func late(_ metric: any Metric, _ series: [Series]) -> [String: Part] {
        let onTime = metric.buckets.count(where: { $0 <= 4 })
        return series.reduce(into: [:]) { parts, one in
            guard case .distribution(let distribution) = one.value else { return }
            let late = distribution.counts.dropFirst(onTime).reduce(0, +)
            parts[one.labels.first ?? "", default: Part()].some += Double(late)
            parts[one.labels.first ?? "", default: Part()].all += Double(distribution.count)
        }
    }

    private static func outsiders(_ metric: any Metric, _ series: [Series]) -> [String: Part] {
        series.reduce(into: [:]) { parts, one in
            let labels = Dictionary(zip(metric.labelNames, one.labels), uniquingKeysWith: { first, _ in first })
            guard case .number(let count) = one.value, labels["duty"] == "sync_message" else { return }
            let peer = labels["peer_idx"] ?? ""
            parts[peer, default: Part()].all += count
            if labels["rank"] != "0" { parts[peer, default: Part()].some += count }
        }
    }
}
