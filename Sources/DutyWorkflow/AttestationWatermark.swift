import Ethereum
import SSZ

/// EIP-3076 in its minimal form, per validator. A later vote needs source ≥ `source` and target > `target`, or the
/// same target with the same data root.
package struct AttestationWatermark: Hashable, Sendable {
    package var source: Epoch
    package var target: Epoch
    /// Root of the AttestationData of `target`.
    package var dataRoot: Root

    package init(source: Epoch, target: Epoch, dataRoot: Root) {
        self.source = source
        self.target = target
        self.dataRoot = dataRoot
    }

    /// Why a vote must not be signed, for people; nil if it may be.
    package func refusal(of new: AttestationWatermark) -> String? {
        if new.target == target, new.dataRoot == dataRoot { return nil }
        if new.target <= target {
            return
                "slashing protection: target epoch \(new.target.rawValue), already voted for target \(target.rawValue)"
        }
        return new.source < source
            ? "slashing protection: source epoch \(new.source.rawValue) lies before \(source.rawValue) of an earlier vote"
            : nil
    }

    /// The highest of both. nil if `new` is another vote for the same target: a double vote. A zero root stands for
    /// "not known" (an import): of that target nothing is signed or sent any more, for it may be another vote.
    package func raised(by new: AttestationWatermark) -> AttestationWatermark? {
        if new.target == target, new.dataRoot != .zero, new.dataRoot != dataRoot { return nil }
        return AttestationWatermark(
            source: max(source, new.source), target: max(target, new.target),
            dataRoot: new.target >= target ? new.dataRoot : dataRoot)
    }

    /// What it becomes when `new` was signed elsewhere: of two votes for one target neither is signed again.
    package func heeding(_ new: AttestationWatermark) -> AttestationWatermark {
        raised(by: new)
            ?? AttestationWatermark(source: max(source, new.source), target: target, dataRoot: .zero)
    }
}
