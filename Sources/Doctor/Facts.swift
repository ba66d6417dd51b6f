import DutyWorkflow
import Ethereum

/// What is known of a node and its surroundings at one moment. What was not asked or not told is nil or empty: nothing
/// is found there.
package struct Facts: Sendable {
    package var node = NodeFacts()
    package var machine = MachineFacts()
    package var beaconNodes: [BeaconNodeFacts] = []
    /// Nil if the node signs by itself.
    package var validatorClient: ValidatorClientFacts?
    package var signers: [SignerFacts] = []
    package var shares: ShareFacts?
    package var peers: [PeerFacts] = []
    /// Other operators that a group signature takes.
    package var peersNeeded = 0
    package var relays: [RelayFacts] = []
    package var cluster = ClusterFacts()
    /// Health rules that fail now.
    package var failing: Set<HealthRule> = []

    package init() {}
}

package struct NodeFacts: Sendable {
    /// What another process that signs with this node's key was seen by; nil if none was.
    package var twin: String?
    /// Validators for which nothing more is signed, and why.
    package var stopped: [(validator: String, seen: String)] = []
    /// Until when a node that signs by itself watches on a new journal; nil if it does not.
    package var watchesUntil: Slot?
    package var watchesFor: Duration?
    /// Failed verifications of the lock that `--no-verify` let pass.
    package var lockWarnings: [String] = []
    /// Slots that went by without this node, lately.
    package var slotsSkipped = 0
    package var skippedWhy = ""
    /// How late the event loop came lately, at worst.
    package var loopDelay: Duration?
    /// Whether it listens for other operators.
    package var listens = false
    package var usesBuilder = false
    /// Files of the cluster that cannot be used: the error names file and cure.
    package var fileErrors: [(file: String, error: String)] = []
    /// Why the journal cannot be used; nil if it can.
    package var journalError: String?
    /// Epoch of a switch to new key shares of which this node has not learned whether it was agreed on.
    package var undecidedSwitch: Epoch?
    /// Addresses to listen on that are taken, each with its flag.
    package var takenAddresses: [(flag: String, address: String, error: String)] = []

    package init() {}
}

package struct MachineFacts: Sendable {
    package var journalPath = ""
    /// Of the journal's file system, for this process.
    package var freeBytes: UInt64?
    /// Times until a commit of the journal was on disk, lately; ascending order is not needed.
    package var syncTimes: [Duration] = []
    package var memory: (availableBytes: UInt64, totalBytes: UInt64)?
    package var files: (open: UInt64, max: UInt64)?
    /// How long before its slot the earliest of the last heads came; not above zero if none came early.
    package var headsEarly: Duration?

    package init() {}
}

package struct BeaconNodeFacts: Sendable {
    package enum State: Hashable, Sendable {
        case unreachable(String)
        /// Of another chain than the lock.
        case foreign(String)
        case syncing(behind: UInt64)
        case following(behind: UInt64)
    }

    /// Without secrets.
    package let name: String
    package var isFallback = false
    /// Nil until it was asked.
    package var state: State?
    package var isExecutionOffline = false
    package var isOptimistic = false
    /// Slot of its head.
    package var head: UInt64?
    package var peers: UInt64?
    package var version: String?
    package var executionVersion: String?
    /// How far its clock is ahead of ours; known to about a second.
    package var clockOffset: Duration?

    package init(name: String) { self.name = name }
}

package struct SignerFacts: Sendable {
    package enum Health: Hashable, Sendable {
        case up
        /// It answers, and says that something in it is down.
        case unhealthy(String)
        case unreachable(String)
    }

    /// Without secrets.
    package let name: String
    /// Nil until it was asked, and for signers that have no such page.
    package var health: Health?
    /// Key shares of other operators that it lists.
    package var foreign: [(peer: PeerIndex, count: Int)] = []

    package init(name: String) { self.name = name }
}

/// This operator's key shares, where the node or its remote signers hold them.
package struct ShareFacts: Sendable {
    package let total: Int
    /// Validators without a share, by public key.
    package let missing: [String]
    package let areRemote: Bool

    package init(total: Int, missing: [String], areRemote: Bool) {
        self.total = total
        self.missing = missing
        self.areRemote = areRemote
    }
}

package struct PeerFacts: Sendable {
    package let peer: PeerIndex
    package var nickname = ""
    package var isConnected = false
    /// Why the last connection ended or the last dial failed.
    package var lastFailure: String?
    /// How far its clock is ahead of ours; nil if it did not tell lately.
    package var clockOffset: Duration?
    package var version: String?
    package var isSupported: Bool?
    package var isSameCluster: Bool?
    package var usesBuilder: Bool?
    /// Signs nothing while it is expected to.
    package var isAbsent = false
    /// Its identity runs in two processes.
    package var isTwin = false

    package init(_ peer: PeerIndex) { self.peer = peer }

    var name: String { nickname.isEmpty ? "operator-\(peer)" : "operator-\(peer) (\(nickname))" }
}

package struct RelayFacts: Sendable {
    /// Its peer id, or its place in `--p2p-relays`.
    package let name: String
    package let isReserved: Bool
    package let problem: String?

    package init(name: String, isReserved: Bool, problem: String?) {
        self.name = name
        self.isReserved = isReserved
        self.problem = problem
    }
}

package struct ClusterFacts: Sendable {
    package var duties = DutyTally()
    /// Validators by what the chain says of them; nil until it was asked.
    package var validators: ValidatorFacts?

    package init() {}
}

/// What the chain says of the cluster's validators.
package struct ValidatorFacts: Sendable {
    package var pending: Int
    /// Their keys.
    package var slashed: [String]
    /// Of which the chain does not know.
    package var unknown: Int
    package var total: Int

    package init(pending: Int = 0, slashed: [String] = [], unknown: Int = 0, total: Int) {
        self.pending = pending
        self.slashed = slashed
        self.unknown = unknown
        self.total = total
    }
}
