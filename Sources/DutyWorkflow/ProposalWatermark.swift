import Ethereum
import SSZ

/// EIP-3076 in its minimal form, per validator: a later block needs a higher slot, or the same slot with the same root.
package struct ProposalWatermark: Hashable, Sendable {
    package var slot: Slot
    /// Of the block message. Zero stands for "not known" (an import): no block of that slot is signed then.
    package var root: Root

    package init(slot: Slot, root: Root) {
        self.slot = slot
        self.root = root
    }

    /// Why a block must not be signed, for people; nil if it may be.
    package func refusal(of new: ProposalWatermark) -> String? {
        if new == self || new.slot > slot { return nil }
        return new.slot == slot
            ? "slashing protection: another block of slot \(slot.rawValue) was signed"
            : "slashing protection: a block of slot \(new.slot.rawValue), after one of slot \(slot.rawValue) was signed"
    }

    /// The higher of both. nil if `new` is another block of the same slot; with a zero root it may be another one.
    package func raised(by new: ProposalWatermark) -> ProposalWatermark? {
        if new.slot == slot, new.root != .zero, new.root != root { return nil }
        return new.slot >= slot ? new : self
    }

    /// What it becomes when `new` was signed elsewhere: of two blocks of one slot neither is signed again.
    package func heeding(_ new: ProposalWatermark) -> ProposalWatermark {
        raised(by: new) ?? ProposalWatermark(slot: slot, root: .zero)
    }
}
