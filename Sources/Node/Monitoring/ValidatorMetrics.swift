import BeaconAPI
import Prometheus
import SSZ
import Ethereum
import Synchronization

/// The cluster's validators as the chain has them.
struct ValidatorMetrics: Sendable {
    typealias PubKeys = Labels2<MetricLabels.PubKeyFull, MetricLabels.PubKeyShort>
    typealias States = Labels3<MetricLabels.PubKeyFull, MetricLabels.PubKeyShort, MetricLabels.ValidatorState>

    /// States that validators had since the start: those of before are told as 0.
    private final class History: Sendable {
        private let seen = Mutex<[PubKey: Set<ValidatorStatus>]>([:])

        func note(_ rows: [BeaconValidator]) -> [PubKey: Set<ValidatorStatus>] {
            seen.withLock { seen in
                for row in rows { seen[row.validator.pubKey, default: []].insert(row.status) }
                return seen
            }
        }
    }

    private let active: Gauge<NoLabels>
    private let balance: Gauge<PubKeys>
    private let status: Gauge<States>
    private let stopped: Gauge<NoLabels>
    private let history = History()

    /// - Parameter validators: of the cluster.
    init(_ all: inout MetricRegistry, validators: Int) {
        active = all.gauge("core_scheduler_validators_active", "Validators of the cluster that have duties.")
        balance = all.gauge(
            "core_scheduler_validator_balance_gwei", "Balances, in gwei.", PubKeys.self, seriesMax: validators)
        status = all.gauge(
            "core_scheduler_validator_status", "States of validators: 1 now, 0 before.", States.self,
            seriesMax: validators * ValidatorStatus.allCases.count)
        stopped = all.gauge(
            "styx_validators_stopped", "Validators for which this node signs nothing more: they were slashed.")
        stopped.set(0)
    }

    func note(stopped count: Int) { stopped.set(Double(count)) }

    /// - Parameter rows: of all validators of the cluster that the chain knows.
    func note(_ rows: [BeaconValidator]) {
        active.set(Double(rows.count(where: \.status.isActive)))
        balance.replace(
            rows.map { row in
                let pubKey = row.validator.pubKey
                return (.init(.init(pubKey), .init(pubKey)), Double(row.balance.rawValue))
            })
        let seen = history.note(rows)
        status.replace(
            rows.flatMap { row in
                let pubKey = row.validator.pubKey
                return seen[pubKey, default: []].map { status in
                    (
                        States(.init(pubKey), .init(pubKey), .init(value: status.rawValue)),
                        status == row.status ? 1.0 : 0
                    )
                }
            })
    }
}
