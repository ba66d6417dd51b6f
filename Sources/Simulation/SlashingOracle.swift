import Ethereum
import SSZ

/// Every attestation and block that one key signed, and whether two of them could be slashed. Source: consensus-specs
/// phase0/beacon-chain.md, `is_slashable_attestation_data`, `process_proposer_slashing`; written apart from the code it
/// judges.
struct SlashingOracle {
    private struct Vote {
        let source: Epoch
        let target: Epoch
        let root: Root
    }

    private var votes: [PubKey: [Root: Vote]] = [:]
    private var blocks: [PubKey: [Slot: Root]] = [:]

    /// - Returns: how the new block contradicts an earlier one.
    mutating func sign(_ slot: Slot, _ block: Root, _ pubKey: PubKey) -> String? {
        defer { blocks[pubKey, default: [:]][slot] = block }
        guard let old = blocks[pubKey]?[slot], old != block else { return nil }
        return "two blocks of slot \(slot.rawValue) by \(pubKey)"
    }

    /// - Returns: how the new vote contradicts an earlier one.
    mutating func sign(_ data: AttestationData, _ pubKey: PubKey) -> String? {
        let vote = Vote(source: data.source.epoch, target: data.target.epoch, root: data.hashTreeRoot())
        guard votes[pubKey]?[vote.root] == nil else { return nil }
        defer { votes[pubKey, default: [:]][vote.root] = vote }
        for old in (votes[pubKey] ?? [:]).values {
            if old.target == vote.target { return "double vote for target \(vote.target.rawValue) by \(pubKey)" }
            let isAround = old.source < vote.source && vote.target < old.target
            let surrounds = vote.source < old.source && old.target < vote.target
            if isAround || surrounds {
                return "surround vote \(vote.source.rawValue)→\(vote.target.rawValue) by \(pubKey)"
            }
        }
        return nil
    }
}
