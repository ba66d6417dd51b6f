import BeaconAPI
import Ethereum
import SSZ

/// A block on the chain.
struct DemoBlock: Sendable {
    let root: Root
    let isBlinded: Bool
    /// Too late to be the head in its own slot.
    let isLate: Bool
}

/// The head became another one.
struct DemoHead: Sendable {
    let slot: Slot
    let root: Root
}

/// Which blocks there are, and what follows for votes.
extension DemoChain {
    /// Duties depend on no block, or as it were on the first one.
    nonisolated var dependentRoot: Root { Self.made(.zero) }

    /// Of the block in a slot; nil if it has none (yet).
    package func blockRoot(_ slot: Slot) -> Root? {
        slot == .zero || options.duties == .attester ? Self.made(slot) : blocks[slot]?.root
    }

    /// What votes of a slot are for.
    func head(in slot: Slot) -> Root {
        if blocks[slot]?.isLate == true { return head(before: slot) }
        return blockRoot(slot) ?? head(before: slot)
    }

    /// What a block of this slot is built on.
    func head(before slot: Slot) -> Root { slot == .zero ? Self.made(.zero) : latest(slot - 1) }

    /// What the head's votes of a slot say: once its first third is over it does not change.
    package func attestationData(_ slot: Slot) -> AttestationData {
        attestationData(slot, head: options.changesItsMind ? head(in: slot, branch: nextBranch()) : head(in: slot))
    }

    /// What may be voted for: a vote before the block of its slot came is as good.
    func acceptableData(_ slot: Slot) -> [AttestationData] {
        acceptableHeads(slot).map { attestationData(slot, head: $0) }
    }

    func acceptableHeads(_ slot: Slot) -> [Root] {
        let heads = options.duties == .attester ? [head(in: slot)] : [head(in: slot), head(before: slot)]
        guard options.changesItsMind else { return heads }
        return heads + (0..<DemoSpec.branches).map { head(in: slot, branch: $0) }
    }

    /// Nobody proposed it, and votes for it are as good.
    private func head(in slot: Slot, branch: UInt8) -> Root {
        SHA256.hash(head(before: slot), Root(padding: [branch]))
    }

    private func attestationData(_ slot: Slot, head: Root) -> AttestationData {
        let epoch = clock.epoch(of: slot)
        var data = AttestationData()
        data.slot = slot
        data.beaconBlockRoot = head
        data.source = checkpoint(epoch - 1, in: slot, head)
        data.target = checkpoint(epoch, in: slot, head)
        return data
    }

    private func checkpoint(_ epoch: Epoch, in slot: Slot, _ head: Root) -> Checkpoint {
        var checkpoint = Checkpoint()
        checkpoint.epoch = epoch
        let first = clock.firstSlot(of: epoch)
        // The specification's genesis checkpoint has the zero root.
        checkpoint.root = epoch == .zero ? .zero : first == slot ? head : latest(first)
        return checkpoint
    }

    /// Of the last block up to a slot.
    private func latest(_ slot: Slot) -> Root {
        var slot = slot
        while slot > .zero {
            if let root = blockRoot(slot) { return root }
            slot = slot - 1
        }
        return Self.made(.zero)
    }

    /// Of a block that nobody proposed.
    private static func made(_ slot: Slot) -> Root { SHA256.hash(Array("styx demo block \(slot)".utf8)) }
}
