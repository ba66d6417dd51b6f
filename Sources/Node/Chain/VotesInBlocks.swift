import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization

/// Reads which committee members' votes a block has (`attestation_inclusion`). From Electra on a vote's bits say nothing
/// without the lengths of its slot's committees, which are asked for once a slot.
///
/// Bounds: the lengths of `slotsMax` slots, 64 each.
final class VotesInBlocks: Sendable {
    /// Slots whose votes a block may have, and some.
    private static let slotsMax = 64

    private let beacon: BeaconClient
    private let chain: ChainView
    private let known = Mutex<[Slot: [CommitteeIndex: Int]]>([:])

    init(beacon: BeaconClient, chain: ChainView) {
        self.beacon = beacon
        self.chain = chain
    }

    /// Votes whose bits do not fit their committees are left out.
    func votes(in block: Root) async throws(BeaconError) -> [BlockVotes] {
        let attestations = try await beacon.blockAttestations(.root(block), preset: chain.spec.preset) ?? []
        var votes: [BlockVotes] = []
        for attestation in attestations {
            let lengths = try await lengths(for: attestation)
            if let vote = BlockVotes(attestation.form, committees: lengths) { votes.append(vote) }
        }
        return votes
    }

    private func lengths(for attestation: VersionedAttestation) async throws(BeaconError) -> [CommitteeIndex: Int] {
        guard attestation.fork.usesElectraAttestations else { return [:] }
        let slot = attestation.data.slot
        if let lengths = known.withLock({ $0[slot] }) { return lengths }
        let lengths = try await beacon.committeeLengths(of: slot, in: chain.clock.epoch(of: slot))
        known.withLock { known in
            known[slot] = lengths
            while known.count > Self.slotsMax, let oldest = known.keys.min() { known[oldest] = nil }
        }
        return lengths
    }
}

extension StyxNode {
    /// Nil unless the operator wants votes to be looked for.
    func votesInBlocks(_ beacon: BeaconClient, _ chain: ChainView) -> VotesInBlocks? {
        includedDuties.contains(.attester) ? VotesInBlocks(beacon: beacon, chain: chain) : nil
    }

    /// What is looked for in the chain.
    var includedDuties: Set<DutyType> {
        configuration.features.isOn(.attestationInclusion) ? [.proposer, .attester] : [.proposer]
    }
}
