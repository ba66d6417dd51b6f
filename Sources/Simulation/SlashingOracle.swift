import Ethereum
import SSZ

/// Every attestation that one key signed, and whether two of them could be slashed. Source: consensus-specs
/// phase0/beacon-chain.md, `is_slashable_attestation_data`; written apart from the code it judges.
struct SlashingOracle {
    private struct Vote {
        let source: Epoch
        let target: Epoch
        let root: Root
    }

    private var votes: [PubKey: [Root: Vote]] = [:]

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
