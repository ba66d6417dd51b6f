import DutyWorkflow
import Ethereum

/// One thing that a validator client, or an operator, has to do.
enum Chore: Hashable, Sendable {
    case reveal(ProposerDuty)
    case propose(ProposerDuty)
    case attest(AttesterDuty)
    case proveSelection(AttesterDuty)
    case aggregate(AttesterDuty)
    case proveSyncSelection(SyncDuty, Slot, subcommittee: UInt64)
    case voteForHead(SyncDuty, Slot)
    case contribute(SyncDuty, Slot, subcommittee: UInt64)
    /// An operator's, on any day from the first slot of the exit's epoch on.
    case exit(PubKey, VoluntaryExit, from: Slot)

    static func chores(of definition: DutyDefinition, in epoch: Epoch, _ chain: SimulatedChain) -> [Chore] {
        switch definition {
        case .attester(let row): return [.attest(row), .proveSelection(row), .aggregate(row)]
        case .proposer(let row): return [.reveal(row), .propose(row)]
        case .sync(let row):
            return definition.duties(in: epoch, chain.clock).map(\.slot).flatMap { slot in
                [.voteForHead(row, slot)]
                    + row.subcommittees(chain.spec.preset).flatMap {
                        [.proveSyncSelection(row, slot, subcommittee: $0), .contribute(row, slot, subcommittee: $0)]
                    }
            }
        }
    }

    /// What it ends with a signature for.
    var duty: Duty {
        switch self {
        case .reveal(let row): Duty(slot: row.slot, type: .randao)
        case .propose(let row): Duty(slot: row.slot, type: .proposer)
        case .attest(let row): .attester(slot: row.slot)
        case .proveSelection(let row): Duty(slot: row.slot, type: .prepareAggregator)
        case .aggregate(let row): Duty(slot: row.slot, type: .aggregator)
        case .proveSyncSelection(_, let slot, _): Duty(slot: slot, type: .prepareSyncContribution)
        case .voteForHead(_, let slot): Duty(slot: slot, type: .syncMessage)
        case .contribute(_, let slot, _): Duty(slot: slot, type: .syncContribution)
        case .exit(_, _, let slot): Duty(slot: slot, type: .exit)
        }
    }

    var key: EntryKey {
        switch self {
        case .reveal(let row), .propose(let row): EntryKey(row.pubKey)
        case .attest(let row), .proveSelection(let row), .aggregate(let row): EntryKey(row.pubKey)
        case .voteForHead(let row, _): EntryKey(row.pubKey)
        case .proveSyncSelection(let row, _, let subcommittee), .contribute(let row, _, let subcommittee):
            EntryKey(row.pubKey, subcommittee: subcommittee)
        case .exit(let pubKey, _, _): EntryKey(pubKey)
        }
    }

    /// When it is of no more use; nil if never.
    func end(_ clock: SlotClock) -> Instant? {
        if case .exit = self { return nil }
        return clock.start(of: duty.slot) + clock.slotDuration * 3
    }

    /// Proofs are sent a slot ahead.
    func begin(_ clock: SlotClock) -> Instant {
        switch self {
        case .proveSelection, .proveSyncSelection: clock.start(of: Slot(max(1, duty.slot.rawValue) - 1))
        case .reveal, .propose, .attest, .aggregate, .voteForHead, .contribute, .exit: clock.begin(of: duty)
        }
    }
}

/// Where a chore stands while a question of its is out.
struct Errand: Sendable {
    enum Stage: Sendable {
        case proof
        /// With the cluster's proof, where there is one.
        case value(SignatureBytes?)
        case submission
    }

    let node: Int
    let chore: Chore
    let stage: Stage
}
