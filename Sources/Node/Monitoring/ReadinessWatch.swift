import Ethereum

/// What readiness needs to remember from slot to slot. Source: operations.md §8.
struct ReadinessWatch: Sendable {
    /// Slots in a row with too few peers until it counts. A fresh node has none yet.
    static let lonelySlotsMax = 6

    /// Connected others that a group signature takes.
    let needed: Int
    /// Whether this node signs itself: no validator client has to ask then.
    let signs: Bool
    private var lonelySlots = Self.lonelySlotsMax
    private var epoch: Epoch?
    private var requests: UInt64 = 0
    private var requestsOfEpoch: UInt64 = 0
    /// Of the epoch before; in the first epoch there is no reason to complain.
    private var requestsOfLast: UInt64 = 1

    /// - Parameter operators: of the cluster, this one included.
    init(operators: Int, signs: Bool) {
        needed = max(0, (2 * operators + 2) / 3 - 1)
        self.signs = signs
    }

    /// Once a slot.
    ///
    /// - Parameters:
    ///   - epoch: of our own clock; nil while the chain is unknown.
    ///   - connected: other operators connected now.
    ///   - requests: on the validator API since the start.
    mutating func tick(epoch: Epoch?, connected: Int, requests: UInt64) {
        lonelySlots = connected < needed ? min(lonelySlots + 1, Self.lonelySlotsMax) : 0
        requestsOfEpoch += requests - min(self.requests, requests)
        self.requests = requests
        guard let epoch, epoch != self.epoch else { return }
        if self.epoch != nil {
            requestsOfLast = requestsOfEpoch
            requestsOfEpoch = 0
        }
        self.epoch = epoch
    }

    func facts(
        _ beaconNode: NodeReadiness.Facts.BeaconNode, beaconNodePeers: UInt64?, connected: Int
    ) -> NodeReadiness.Facts {
        var facts = NodeReadiness.Facts()
        facts.beaconNode = beaconNode
        facts.beaconNodePeers = beaconNodePeers
        facts.connected = connected
        facts.needed = needed
        facts.isAlone = lonelySlots >= Self.lonelySlotsMax
        facts.hasSigner = signs || requestsOfLast > 0
        return facts
    }
}
