import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import Program

/// The events of all primary beacon nodes, for as long as the node runs. Source: workflow.md §15.7.
struct ChainEvents: Sendable {
    /// What nodes have least often last: a topic that one refuses is given up from the end.
    private static let topics: [EventTopic] = [
        .head, .chainReorg, .block, .blockGossip, .proposerSlashing, .attesterSlashing,
    ]

    let beacon: BeaconClient
    let clock: SlotClock
    let reconnections: Reconnections
    let logger: Logger

    /// Until cancelled.
    ///
    /// - Parameter receive: called from any thread, for each node in the order of its events. Those that are not believed
    ///   are of another chain, or of a node that stands still: they are there to be counted.
    func run(_ receive: @escaping @Sendable (_ node: Int, BeaconEvent, _ isBelieved: Bool) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for node in 0..<beacon.primaryCount { group.addTask { await watch(node, receive) } }
        }
    }

    private func watch(_ node: Int, _ receive: (Int, BeaconEvent, Bool) -> Void) async {
        let name = beacon.nodes[node].description
        var wasConnected = false
        for await element in beacon.events(Self.topics, node: node) {
            switch element {
            case .event(let event):
                if case .head(let head) = event {
                    let delay = SystemClock.now() - clock.start(of: head.slot)
                    logger.debug(
                        "head",
                        metadata: [
                            "node": "\(name)", "slot": "\(head.slot)", "delay": "\(GoDuration.format(delay))",
                        ])
                }
                receive(node, event, beacon.isBelieved(node))
            case .connected:
                if wasConnected { reconnections.note(node) }
                wasConnected = true
            case .refused(let topics, let error):
                logger.info(
                    "beacon node refuses events and is asked without them",
                    metadata: [
                        "node": "\(name)", "topics": "\(topics.map(\.rawValue).joined(separator: ","))",
                        "error": "\(error)",
                    ])
            case .disconnected(let error, let pause):
                logger.debug("events", metadata: ["error": "\(error)", "retry_in": "\(GoDuration.format(pause))"])
            case .flooded:
                logger.warning(
                    """
                    beacon node sends events without end, and is read slowly: what it tells of heads, reorganisations and \
                    slashings comes late. See its log, or use another node
                    """, metadata: ["node": "\(name)"])
            case .unreadable(let error):
                logger.debug("events", metadata: ["node": "\(name)", "error": "\(error)"])
            }
        }
    }
}
