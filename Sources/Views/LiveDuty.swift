import DutyWorkflow
import Ethereum

/// One row of the matrix of duties and operators: how far a duty is, how long its parts took, and who signed.
package struct LiveDuty: Sendable {
    enum Outcome: Hashable, Sendable {
        case pending
        case done
        case failed(FailureReason)
        case nothingToDo
    }

    /// What one operator signed.
    struct Mark: Sendable {
        /// Validators, by their position in the lock; empty once the count is final.
        private var seen: [UInt64] = []
        private(set) var count = 0
        var isBad = false

        /// - Parameter places: below the number of validators.
        mutating func sign(_ places: [Int], of validators: Int) {
            if seen.isEmpty { seen = Array(repeating: 0, count: (validators + 63) / 64) }
            for place in places where seen[place / 64] & (1 << (place % 64)) == 0 {
                seen[place / 64] |= 1 << (place % 64)
                count += 1
            }
        }

        mutating func settle(count: Int) {
            self.count = count
            settle()
        }

        mutating func settle() { seen = [] }

        var heldBytes: Int { 32 + 8 * seen.count }
    }

    let duty: Duty
    /// Validators that have it; nil until somebody says so.
    var validators: Int?
    var outcome = Outcome.pending
    /// That decided, and its leader.
    var round: Int64?
    var leader: PeerIndex?
    /// Rounds of consensus that ended without a decision.
    var roundChanges = 0
    /// Why the last of them ended.
    var roundChangeReason = ""
    /// From the start of consensus to the decision.
    var startToDecided: Duration?
    /// From the decision until a beacon node took it.
    var decidedToBroadcast: Duration?
    /// From the time the duty begins until a beacon node took it.
    var beginToBroadcast: Duration?
    /// Whether this node has a part in it; else only other operators named it.
    var isOurs = false
    /// Whether the counts of signatures are final.
    var isSettled = false
    /// By operator.
    var marks: [Mark]

    init(_ duty: Duty, nodes: Int) {
        self.duty = duty
        marks = Array(repeating: Mark(), count: nodes)
    }

    /// No more signatures are told apart: what came is what counts until the duty is judged.
    mutating func settle() { for peer in marks.indices { marks[peer].settle() } }

    mutating func settle(_ participation: Participation) {
        for (share, count) in participation.counts where marks.indices.contains(share.peer.rawValue) {
            marks[share.peer.rawValue].settle(count: count.delivered)
            validators = max(validators ?? 0, count.expected)
        }
        isSettled = true
    }

    /// About, in bytes.
    var heldBytes: Int { 256 + roundChangeReason.utf8.count + marks.reduce(0) { $0 + $1.heldBytes } }
}

extension DutyType {
    /// Whether it has a row: what is signed epochs ahead of its slot has none, nor has what nobody does any more.
    var hasRow: Bool {
        switch self {
        case .proposer, .attester, .exit, .randao, .aggregator, .syncMessage, .syncContribution, .infoSync: true
        case .signature, .builderProposer, .builderRegistration, .prepareAggregator, .prepareSyncContribution: false
        }
    }
}
