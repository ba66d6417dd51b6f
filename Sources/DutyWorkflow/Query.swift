import Ethereum
import SSZ

/// Names one waiting caller outside the workflow, e.g. a validator client's request.
package struct Ticket: Hashable, Sendable {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A decided value as validator clients name it, who do not know all of the validator's row.
package enum ValueSelector: Hashable, Sendable {
    /// Committee 0 stands for any committee of the slot.
    case attestation(Slot, CommitteeIndex)
    case proposal(Slot)
    case aggregate(Slot, dataRoot: Root, CommitteeIndex)
    case contribution(Slot, subcommittee: UInt64, blockRoot: Root)

    package var duty: Duty {
        switch self {
        case .attestation(let slot, _): .attester(slot: slot)
        case .proposal(let slot): Duty(slot: slot, type: .proposer)
        case .aggregate(let slot, _, _): Duty(slot: slot, type: .aggregator)
        case .contribution(let slot, _, _): Duty(slot: slot, type: .syncContribution)
        }
    }
}

/// Where an attester sits: what an attestation tells of who made it.
package struct AttesterPosition: Hashable, Sendable {
    package var slot: Slot
    /// 0 stands for any.
    package var committee: CommitteeIndex
    package var validator: ValidatorIndex

    package init(slot: Slot, committee: CommitteeIndex, validator: ValidatorIndex) {
        self.slot = slot
        self.committee = committee
        self.validator = validator
    }
}

package enum Query: Hashable, Sendable {
    /// Waits until the cluster decided. Answered with `.decided`.
    case decided(ValueSelector)
    /// Answered at once with `.attesters`.
    case attesters([AttesterPosition])
    /// Who is selected to aggregate, as far as the cluster has signed it. Answered at once with `.aggregators`.
    case aggregators([AttesterDuty])
    /// Answered at once with `.definitions`.
    case definitions(Duty)
    /// Waits until the cluster's signature is there. Answered with `.signed`.
    case signed(Duty, EntryKey)
    /// Answered at once with `.exits`.
    case exits(Epoch)
    /// Answered with `.slashingHistory`, once all of it is durable.
    case slashingHistory(Set<PubKey>)
}

package enum Answer: Hashable, Sendable {
    case decided(Duty, UnsignedData)
    /// For each position the validator for whom the cluster decided it; nil if there is none.
    case attesters([PubKey?])
    /// For each row whether its validator is selected; nil while the cluster's selection proof is not there.
    case aggregators([Bool?])
    /// Who has the duty; nil while the beacon node has not said.
    case definitions(DutyDefinitionSet?)
    case signed(SignedData)
    /// Of all validators for which an operator asked, ascending by key.
    case exits([ExitProgress])
    /// What this node prefers.
    case priorities(PriorityMessage)
    /// What became of each set of partial signatures that was handed in, in that order.
    case submitted([LocalVerdict])
    /// Of these validators whose history is known, complete up to now.
    case slashingHistory(SlashingHistory)
    /// What was told is taken up, and durable.
    case recorded
    /// Not now, or not any more. For people.
    case refused(String)
    /// There is no such duty. For people.
    case absent(String)
}
