import Ethereum
import SSZ

/// What was handed to the beacon node, and must turn up in a block.
package enum Submission: Hashable, Sendable {
    /// A block of the duty's slot; the root of its header.
    case block(Root)
    /// Votes of members of one committee, one bit per member, for attestation data of this root.
    case votes(Root, CommitteeIndex, members: Bitlist)

    /// - Parameter definition: of the validator's duty: its place in the committee.
    /// - Returns: nil for what nobody looks for, and for a vote whose place is not known.
    init?(_ data: SignedData, _ definition: DutyDefinition?) {
        if case .proposal(let signed) = data {
            self = .block(signed.messageRoot)
            return
        }
        guard case .attestation(let attestation) = data, case .attester(let row)? = definition,
            let length = Int(exactly: row.committeeLength), let position = Int(exactly: row.validatorCommitteeIndex),
            position < length, length <= Self.committeeMax
        else { return nil }
        self = .votes(
            attestation.data.hashTreeRoot(), row.committeeIndex, members: Bitlist(count: length, setting: [position]))
    }

    /// MAX_VALIDATORS_PER_COMMITTEE.
    private static let committeeMax = 2048
}

/// What a beacon node says of the block of one slot of the canonical chain.
package enum BlockAnswer: Hashable, Sendable {
    /// There is none (404).
    case missing
    case block(root: Root, votes: [BlockVotes])
    /// It could not be asked, or did not answer.
    case unknown(String)
}

/// One attestation in a block, by committee.
package struct BlockVotes: Hashable, Sendable {
    /// Of the attestation data.
    package let data: Root
    /// One bit per member.
    package let members: [CommitteeIndex: Bitlist]

    /// - Parameter committees: the number of members of each committee in the attestation's slot.
    /// - Returns: nil when the bits do not fit the committees.
    package init?(_ form: VersionedAttestation.Form, committees: [CommitteeIndex: Int]) {
        switch form {
        case .phase0(let attestation):
            data = attestation.data.hashTreeRoot()
            members = [attestation.data.index: attestation.aggregationBits]
        case .electra(let attestation):
            data = attestation.data.hashTreeRoot()
            var members: [CommitteeIndex: Bitlist] = [:]
            var start = 0
            for index in attestation.committeeBits.setIndices.map({ CommitteeIndex(UInt64($0)) }) {
                guard let length = committees[index], length >= 0,
                    length <= attestation.aggregationBits.count - start
                else { return nil }
                let end = start + length
                members[index] = Bitlist(
                    count: length,
                    setting: (start..<end).filter { attestation.aggregationBits[$0] }.map { $0 - start })
                start = end
            }
            guard start == attestation.aggregationBits.count else { return nil }
            self.members = members
        }
    }
}

/// Whether a block has what was submitted.
package enum InclusionOutcome: Hashable, Sendable {
    /// In the block so many slots after the duty's own.
    case included(delay: UInt64)
    case missed(String)
    /// Blocks that could have it were never seen.
    case undetermined
}
