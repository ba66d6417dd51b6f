import Ethereum
import QBFT
import SSZ

/// Whom blocks pay. Source: workflow.md §6, "Proposer".
///
/// Of the blocks of our own beacon nodes one that pays as it should goes before any other (`ProposalRules.flaw`). If
/// there is none, one that pays somebody else is proposed: it is better than none, and the operator hears of it. So
/// it is with a builder's block where the cluster does not use builders. Of a leader, a block that pays somebody else
/// gets no vote of ours if our own beacon node, for the same duty, made one that pays as it should: so the leader
/// could have, too. f liars can have the first f turns at most before an honest leader has its turn; later liveness
/// wins, since honest nodes may be told of a change at different times. Of blinded blocks nobody can tell whom they
/// pay: their header names the builder, whose payment to us is one of the transactions that it hides. Where the
/// cluster uses builders they are taken as they are; where it does not, a blinded block is doubted like one that pays
/// somebody else.
struct Payees: Sendable {
    private let leadersDoubted: Int64
    private let usesBuilder: Bool
    private var addresses: [PubKey: Bytes20]
    /// Duties for which our own beacon node's block pays as it should.
    private var proven: Set<Duty> = []

    init(configuration: WorkflowConfiguration) {
        addresses = configuration.proposals.feeRecipients
        usesBuilder = configuration.proposals.usesBuilder
        leadersDoubted = Int64(QBFT.ClusterSize(nodes: configuration.nodes).faulty)
    }

    /// What was proven with another address proves nothing any more.
    mutating func replace(_ new: [PubKey: Bytes20]) {
        guard new != addresses else { return }
        addresses = new
        proven = []
    }

    /// Takes in our own beacon node's block.
    ///
    /// - Returns: what the operator should hear.
    mutating func learn(_ duty: Duty, _ set: UnsignedDataSet) -> [Signal] {
        if !usesBuilder, case (let pubKey, .proposal(let block))? = set.first, block.isBlinded {
            return [.tracked(duty, .unwantedBuilder(pubKey))]
        }
        guard let (pubKey, named, due) = payment(set), let paid = named else { return [] }
        guard paid != due else {
            proven.insert(duty)
            return []
        }
        return [.tracked(duty, .otherPayee(pubKey, paid: paid, due: due))]
    }

    /// - Parameter round: of the proposal, from 1.
    func judge(_ set: UnsignedDataSet, of duty: Duty, round: Int64) -> DutyDB.Verdict {
        guard round <= leadersDoubted, let (pubKey, named, due) = payment(set), named != due else { return .good }
        if named == nil, usesBuilder { return .good }
        guard proven.contains(duty) else { return .open }
        guard let paid = named else {
            return .bad("a builder's block of validator \(pubKey), which need not pay \(due), without --builder-api")
        }
        return .bad("a block of validator \(pubKey) that pays \(paid) instead of \(due)")
    }

    mutating func expire(_ duty: Duty) { proven.remove(duty) }

    /// Of a block for a validator whose address is known, from Bellatrix on; whom a blinded one pays, nobody knows.
    private func payment(_ set: UnsignedDataSet) -> (pubKey: PubKey, paid: Bytes20?, due: Bytes20)? {
        guard set.count == 1, case (let pubKey, .proposal(let block))? = set.first,
            let named = block.feeRecipient, let due = addresses[pubKey]
        else { return nil }
        return (pubKey, block.isBlinded ? nil : named, due)
    }
}
