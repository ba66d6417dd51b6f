import Ethereum
import SSZ

/// Two messages that may not both exist, as a beacon node shows them (events `proposer_slashing`, `attester_slashing`).
///
/// What a beacon node says is not believed: the messages must contradict each other, and where only one validator
/// signed them both signatures must hold under its key. A vote that several validators signed together proves nothing
/// to us: the other keys would be the beacon node's word, and with a key made to fit any signature holds. Then the
/// node's word is a reason to ask all beacon nodes what the chain says (`SlashingPoll`), soon and for as long as
/// inclusion may take.
package struct SlashingEvidence: Hashable, Sendable {
    /// What a signature has to be over.
    package struct Claim: Hashable, Sendable {
        package let signature: SignatureBytes
        package let root: Root

        package init(signature: SignatureBytes, root: Root) {
            self.signature = signature
            self.root = root
        }
    }

    /// Who is to be slashed, ascending.
    package let validators: [ValidatorIndex]
    /// Both of them, if the only validator signed each alone.
    package let claims: [Claim]?
    /// For people.
    package let seen: String

    /// - Returns: nil unless the two blocks are different, of one proposer and of one slot. Source: consensus-specs
    ///   phase0/beacon-chain.md, `process_proposer_slashing`.
    package init?(_ slashing: ProposerSlashing, _ domains: SigningDomains) {
        let headers = [slashing.signedHeader1, slashing.signedHeader2]
        let (first, second) = (headers[0].message, headers[1].message)
        guard first.slot == second.slot, first.proposerIndex == second.proposerIndex, first != second else {
            return nil
        }
        validators = [first.proposerIndex]
        claims = headers.map {
            Claim(
                signature: $0.signature,
                root: domains.proposer(slot: $0.message.slot, blockRoot: $0.message.hashTreeRoot()))
        }
        seen = "two blocks of slot \(first.slot)"
    }

    /// - Returns: nil unless somebody cast both votes, and they are two of one target epoch or one surrounds the other.
    ///   Source: consensus-specs phase0/beacon-chain.md, `is_slashable_attestation_data`.
    package init?(_ slashing: AttesterSlashing<IndexedAttestationElectra>, _ domains: SigningDomains) {
        let votes = [slashing.attestation1, slashing.attestation2]
        let (first, second) = (votes[0].data, votes[1].data)
        let both = Set(votes[0].attestingIndices).intersection(votes[1].attestingIndices).sorted()
        guard !both.isEmpty else { return nil }
        if first != second, first.target.epoch == second.target.epoch {
            seen = "two votes for target epoch \(first.target.epoch)"
        } else if Self.surrounds(first, second) || Self.surrounds(second, first) {
            let (from, to) = (
                "\(first.source.epoch)→\(first.target.epoch)", "\(second.source.epoch)→\(second.target.epoch)"
            )
            seen = "votes \(from) and \(to), of which one surrounds the other"
        } else {
            return nil
        }
        validators = both
        claims =
            votes.allSatisfy { $0.attestingIndices == both } && both.count == 1
            ? votes.map { Claim(signature: $0.signature, root: domains.attester($0.data)) } : nil
    }

    private static func surrounds(_ a: AttestationData, _ b: AttestationData) -> Bool {
        a.source.epoch < b.source.epoch && b.target.epoch < a.target.epoch
    }
}
