import DutyWorkflow
import Program

/// Whether this node can do its duties, and who has to do something if it cannot. Source: operations.md §8.
///
/// Codes and their order are Charon's: dashboards and alerts read the number. 6 is retired and never told; 9 and
/// 10 are ours.
package enum NodeReadiness: Hashable, Sendable {
    /// What is known when the answer is made.
    package struct Facts: Hashable, Sendable {
        package enum BeaconNode: Hashable, Sendable {
            /// Nobody was asked yet.
            case unknown
            /// With the error.
            case down(String)
            case syncing(behind: UInt64)
            case following(behind: UInt64)
        }

        /// Why this node signs nothing more, if it does not.
        package var halt: String?
        package var beaconNode = BeaconNode.unknown
        /// Peers of the beacon node; nil until it told.
        package var beaconNodePeers: UInt64?
        /// Other operators connected now, and how many of them a group signature takes.
        package var connected = 0
        package var needed = 0
        /// Whether fewer than needed were connected for so long that it counts.
        package var isAlone = true
        /// How long this node, which signs by itself on a new journal, only watches.
        package var wait: Duration?
        /// Whether somebody signs: a validator client that asked lately, or the node itself.
        package var hasSigner = true

        package init() {}
    }

    case uninitialised
    case ready
    case beaconNodeDown(String)
    case beaconNodeSyncing(behind: UInt64)
    case beaconNodeWithoutPeers
    case beaconNodeFarBehind(UInt64)
    case peersMissing(connected: Int, needed: Int)
    case validatorClientMissing
    /// Our key was seen to sign elsewhere.
    case halted(String)
    /// This node signs by itself, and its journal is new.
    case watching(Duration)

    /// Slots a beacon node may lie behind although it says that it follows the chain.
    static let slotsBehindMax: UInt64 = 320

    /// First match wins.
    package init(_ facts: Facts) {
        if let why = facts.halt {
            self = .halted(why)
            return
        }
        switch facts.beaconNode {
        case .unknown:
            self = .uninitialised
            return
        case .down(let why):
            self = .beaconNodeDown(why)
            return
        case .syncing(let behind):
            self = .beaconNodeSyncing(behind: behind)
            return
        case .following: break
        }
        if facts.beaconNodePeers == 0 {
            self = .beaconNodeWithoutPeers
        } else if case .following(let behind) = facts.beaconNode, behind > Self.slotsBehindMax {
            self = .beaconNodeFarBehind(behind)
        } else if facts.isAlone {
            self = .peersMissing(connected: facts.connected, needed: facts.needed)
        } else if let wait = facts.wait {
            self = .watching(wait)
        } else if !facts.hasSigner {
            self = .validatorClientMissing
        } else {
            self = .ready
        }
    }

    /// Of the gauge `app_monitoring_readyz`.
    package var code: Int {
        switch self {
        case .uninitialised: 0
        case .ready: 1
        case .beaconNodeDown: 2
        case .beaconNodeSyncing: 3
        case .peersMissing: 4
        case .validatorClientMissing: 5
        case .beaconNodeWithoutPeers: 7
        case .beaconNodeFarBehind: 8
        case .halted: 9
        case .watching: 10
        }
    }

    package var httpStatus: Int { self == .ready ? 200 : 500 }

    /// In Charon's words, but for its own codes.
    package var text: String {
        switch self {
        case .uninitialised: "check not initialised"
        case .ready: "ok"
        case .beaconNodeDown: "beacon node is down"
        case .beaconNodeSyncing: "beacon node not synced"
        case .beaconNodeWithoutPeers: "beacon node has no peers"
        case .beaconNodeFarBehind: "beacon node far behind"
        case .peersMissing: "quorum of peers not connected"
        case .validatorClientMissing: "validator client not connected"
        case .halted: "another process signs with this node's key"
        case .watching: "journal is new, nothing is signed yet"
        }
    }

    /// More about it, and who must act; nil when nobody has to.
    package var advice: String? {
        switch self {
        case .uninitialised: "nobody needs to act yet: the beacon node is being asked for the chain"
        case .ready: nil
        case .beaconNodeDown(let why):
            "this node's operator: start the beacon node, or correct --beacon-node-endpoints (\(why))"
        case .beaconNodeSyncing(let behind):
            "this node's operator: wait for the beacon node, or add one that follows the chain (\(behind) slots behind)"
        case .beaconNodeWithoutPeers: "this node's operator: give the beacon node a way to the network"
        case .beaconNodeFarBehind(let behind):
            "this node's operator: see why the beacon node is \(behind) slots behind"
        case .peersMissing(let connected, let needed):
            "all operators: \(connected) other nodes are connected, \(needed) are needed; see that they run, and that "
                + "--p2p-relays or --p2p-tcp-address let them meet"
        case .validatorClientMissing:
            "this node's operator: let the validator client use --validator-api-address as its beacon node"
        case .watching(let wait):
            "this node's operator: wait \(GoDuration.format(.seconds(wait.components.seconds))) more, in which a second "
                + "process with these keys would show; if an older journal exists, stop and put it back"
        case .halted(let why): "this node's operator: this node signs nothing more (\(why)); \(Halt.cure)"
        }
    }

    /// Of the page `/readyz`: Charon's words, then ours.
    package var body: String { advice.map { "\(text)\n\($0)\n" } ?? text }
}
