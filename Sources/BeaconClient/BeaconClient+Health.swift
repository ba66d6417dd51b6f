import BeaconAPI
import Logging

/// What became of questions to the nodes. An outage is told when it begins and when it ends, however many calls fail.
extension BeaconClient {
    func noteSuccess(_ node: Int, _ endpoint: String, after: Duration) {
        let now = ContinuousClock.now
        guard let outage = health.withLock({ $0.succeeded(node, endpoint, after: after, at: now) }) else { return }
        // It may be another version now.
        forgetPreference(node)
        logger.info(
            "beacon node answers again",
            metadata: ["node": "\(nodes[node])", "after": "\(outage.formatted())", "failed_calls": "\(outage.calls)"])
        configuration.reconnected(node)
    }

    func noteFailure(_ error: any Error, _ request: OutgoingRequest, _ node: Int) -> BeaconError {
        noteFailure(error, request.name, node, isSubmission: request.reachesAllNodes)
    }

    func noteFailure(
        _ error: any Error, _ endpoint: String, _ node: Int, isSubmission: Bool = false
    ) -> BeaconError {
        let failure = self.error(BeaconError.Cause(transport: error), endpoint, node, isSubmission: isSubmission)
        let isNews = health.withLock { $0.failed(node, failure.cause, at: .now) }
        logger.log(
            level: isNews ? .warning : .debug, isNews ? "beacon node does not answer" : "beacon node call",
            metadata: ["error": "\(failure)"])
        return failure
    }

    /// The winner of a race, and those that were slower.
    func noteSuccess(_ node: Int, _ endpoint: String, of race: NodeRace) {
        let now = ContinuousClock.now
        noteSuccess(node, endpoint, after: race.elapsed(node, at: now) ?? .zero)
        health.withLock { health in
            for slower in race.running where slower != node {
                health.overtaken(slower, endpoint, after: race.elapsed(slower, at: now) ?? .zero, at: now)
            }
        }
    }

    func race(_ request: OutgoingRequest) -> NodeRace {
        let (primaries, idlePrimaries) = usable(0..<primaryCount)
        let (fallbacks, idleFallbacks) = usable(primaryCount..<nodes.count)
        let now = ContinuousClock.now
        return health.withLock { health in
            func heat(_ nodes: [Int], hasFallback: Bool = false, isTogether: Bool) -> NodeRace.Heat {
                NodeRace.Heat(
                    runners: health.runners(nodes, request.name, timeout: request.timeout, at: now),
                    hasFallback: hasFallback, isTogether: isTogether)
            }
            var last = heat(
                idlePrimaries + idleFallbacks, hasFallback: idlePrimaries.isEmpty, isTogether: true)
            last.isIdle = true
            // Known to be out of reach: nobody waits for their time-out.
            if !fallbacks.isEmpty, primaries.allSatisfy({ health.isOut($0) }) {
                return NodeRace(
                    [heat(primaries + fallbacks, hasFallback: true, isTogether: true), last],
                    refusalPatience: request.refusalPatience)
            }
            return NodeRace(
                [
                    heat(primaries, isTogether: request.asksAllNodes),
                    heat(fallbacks, hasFallback: true, isTogether: true), last,
                ], refusalPatience: request.refusalPatience)
        }
    }
}
