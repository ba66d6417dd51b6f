import BeaconAPI

/// How a beacon node is, for displays.
package struct BeaconNodeState: Sendable {
    package let address: BeaconNodeAddress
    package let isFallback: Bool
    /// Whether it is asked like the others: it follows the chain, and it is the right one.
    package let isFollowing: Bool
    /// How long it has not answered, and what came of the last question; nil if it answered last time.
    package let outage: (lasts: Duration, cause: BeaconError.Cause)?
    /// Of the last answers, at most 32, the newest last.
    package let latencies: [Duration]
    package let answeredAgo: Duration?
}

extension BeaconClient {
    /// Of every node, in the order of `nodes`.
    package func states(at now: ContinuousClock.Instant = .now) -> [BeaconNodeState] {
        let following = Set(usable(nodes.indices).following)
        return health.withLock { health in
            nodes.indices.map { node in
                BeaconNodeState(
                    address: nodes[node], isFallback: node >= primaryCount, isFollowing: following.contains(node),
                    outage: health.outages[node].map { (max(.zero, $0.since.duration(to: now)), $0.cause) },
                    latencies: health.answers[node]?.latencies ?? [],
                    answeredAgo: health.answers[node].map { max(.zero, $0.last.duration(to: now)) })
            }
        }
    }
}
