import DutyWorkflow
import Ethereum
import Program

/// Whether this node can do its duties, and who has to do something if it cannot. Source: operations.md §8.
///
/// Codes and their order are Charon's: dashboards and alerts read the number. 6 is retired and never told; from 9 on they
/// are ours.
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
        /// Why the journal cannot be used, if it cannot.
        package var journal: String?
        /// Since when nothing is signed because this node does not know whether its cluster has switched.
        package var undecided: Epoch?
        /// For how long a commit has been waiting for the disk, or how long the last one took.
        package var commitTime = Duration.zero
        /// By how much the clock jumped lately; zero if it did not.
        package var clockJump = Duration.zero
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
    /// Nothing is signed without it.
    case journalRefused(String)
    case diskSlow(Duration)
    /// The clock is ahead of where it was by this; below zero if it was set back.
    case clockJumped(Duration)
    /// This node signs by itself, and its journal is new.
    case watching(Duration)
    /// It does not know whether its cluster signs with new key shares since then.
    case switchUndecided(Epoch)

    /// Slots a beacon node may lie behind although it says that it follows the chain.
    static let slotsBehindMax: UInt64 = 320
    /// A duty waits for several commits, and has a third of a slot for each of its steps.
    static let commitTimeMax = Duration.seconds(2)

    /// First match wins.
    package init(_ facts: Facts) {
        if let why = facts.halt {
            self = .halted(why)
            return
        }
        if let why = facts.journal {
            self = .journalRefused(why)
            return
        }
        if let epoch = facts.undecided {
            self = .switchUndecided(epoch)
            return
        }
        if facts.commitTime > Self.commitTimeMax {
            self = .diskSlow(facts.commitTime)
            return
        }
        if facts.clockJump != .zero {
            self = .clockJumped(facts.clockJump)
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
        case .journalRefused: 10
        case .diskSlow: 11
        case .clockJumped: 12
        case .watching: 13
        case .switchUndecided: 14
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
        case .journalRefused: "journal cannot be used"
        case .diskSlow: "disk is slow"
        case .clockJumped: "clock jumped"
        case .watching: "journal is new, nothing is signed yet"
        case .switchUndecided: "planned switch is undecided"
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
        case .switchUndecided(let epoch):
            "all operators: this node signs nothing since epoch \(epoch), for it does not know whether the cluster has"
                + " switched to its new key shares; \(StyxNode.undecidedCure)"
        case .halted(let why): "this node's operator: this node signs nothing more (\(why)); \(Halt.cure)"
        case .journalRefused(let why): "this node's operator: this node signs nothing without its journal: \(why)"
        case .diskSlow(let time):
            "this node's operator: a commit of the journal takes \(Self.seconds(time)), and duties wait for it; put"
                + " --journal-file on a disk of its own"
        case .clockJumped(let jump):
            "this node's operator: the clock was set \(jump > .zero ? "ahead" : "back") by \(Self.seconds(jump)); see that"
                + " time synchronisation runs. Nothing that was signed is signed again"
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        "\(abs(Int((duration / .milliseconds(1)).rounded())) / 1000) s"
    }

    /// Of the page `/readyz`: Charon's words, then ours.
    package var body: String { advice.map { "\(text)\n\($0)\n" } ?? text }
}
