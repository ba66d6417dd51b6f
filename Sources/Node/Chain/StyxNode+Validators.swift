import BeaconClient
import Ethereum
import Logging

extension StyxNode {
    /// The cluster's validators on the chain; metrics and the doctor hear of each answer, people of nodes that lack some.
    func activeValidators(
        _ beacon: BeaconClient, _ clock: SlotClock, _ slashings: SlashingWatch
    ) -> ActiveValidators {
        let (pubKeys, metrics, logger) = (cluster.keys.pubKeys, monitoring.metrics, topic("sched"))
        return ActiveValidators(
            client: beacon, pubKeys: pubKeys, clock: clock,
            lacks: { lacking in
                logger.warning(
                    """
                    a beacon node does not know validators that were known before: the other nodes' word is taken, else \
                    what was known; see that each beacon node is synced and not behind a cache
                    """,
                    metadata: [
                        "validators": "\(lacking.count)",
                        "pubkeys": "\(lacking.prefix(3).map { "\($0)" }.joined(separator: " "))",
                    ])
            },
            observe: { [doctor] rows in
                metrics.validators.note(rows)
                doctor.note(rows, of: pubKeys.count)
                slashings.note(rows)
            })
    }
}
