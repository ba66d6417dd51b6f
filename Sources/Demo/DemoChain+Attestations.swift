import BLS
import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// Votes that go into one aggregate.
struct DemoVoteKey: Hashable, Sendable {
    let committee: CommitteeIndex
    /// Of the attestation data.
    let data: Root
}

struct DemoVotes: Sendable {
    let data: AttestationData
    /// By place in the committee.
    var signatures: [Int: SignatureBytes] = [:]
    /// Made of these signatures; nil when there are new ones.
    var aggregate: AttestationElectra?
}

/// Attestations, and aggregates of them.
extension DemoChain {
    /// - Returns: for each refused attestation its position and why.
    package func submit(_ attestations: [SingleAttestation], at now: Instant) async -> [(index: Int, message: String)] {
        let faults = await take(attestations.map { candidate($0, at: now) }, at: now)
        let refused = Set(faults.map(\.index))
        for (position, attestation) in attestations.enumerated() where !refused.contains(position) { pool(attestation) }
        return faults
    }

    private func candidate(_ attestation: SingleAttestation, at now: Instant) -> Result<Candidate, Rejection> {
        let (data, index) = (attestation.data, attestation.attesterIndex)
        let duty = Duty.attester(slot: data.slot)
        if let why = fault(in: attestation, at: now) {
            return .failure(Rejection(duty: duty, validator: index, why: why))
        }
        return .success(
            Candidate(
                duty: duty, part: Part(validator: index), identity: data.hashTreeRoot(),
                claims: [claim(index, attestation.signature, spec.attestation(data))]))
    }

    private func fault(in attestation: SingleAttestation, at now: Instant) -> String? {
        let (data, index) = (attestation.data, attestation.attesterIndex)
        guard exists(index) else { return "unknown validator \(index)" }
        if let fault = untimely(data.slot, at: now) { return fault }
        let duty = duty(of: index, in: clock.epoch(of: data.slot))
        guard duty.slot == data.slot else { return "validator \(index) attests in slot \(duty.slot)" }
        guard duty.committeeIndex == attestation.committeeIndex else {
            return "validator \(index) sits in committee \(duty.committeeIndex)"
        }
        guard acceptableData(data.slot).contains(data) else { return "data that differ from this chain's" }
        return nil
    }

    /// Votes count for an epoch and a slot.
    func untimely(_ slot: Slot, at now: Instant) -> String? {
        guard now >= clock.start(of: slot) else { return "of slot \(slot), which is in the future" }
        guard now < clock.start(of: slot + options.slotsPerEpoch + 1) else {
            return "of slot \(slot), which is too old"
        }
        return nil
    }

    private func pool(_ attestation: SingleAttestation) {
        let data = attestation.data
        let key = DemoVoteKey(committee: attestation.committeeIndex, data: data.hashTreeRoot())
        let place = Int(duty(of: attestation.attesterIndex, in: clock.epoch(of: data.slot)).validatorCommitteeIndex)
        var votes = attestations[data.slot]?[key] ?? DemoVotes(data: data)
        guard votes.signatures.updateValue(attestation.signature, forKey: place) == nil else { return }
        votes.aggregate = nil
        attestations[data.slot, default: [:]][key] = votes
    }

    /// The votes that are there so far; nil if there are none.
    func aggregate(_ slot: Slot, committee: CommitteeIndex, data root: Root) -> AttestationElectra? {
        let key = DemoVoteKey(committee: committee, data: root)
        guard let votes = attestations[slot]?[key] else { return nil }
        if let aggregate = votes.aggregate { return aggregate }
        guard let committee = Int(exactly: committee.rawValue), let signature = Self.sum(votes.signatures.values)
        else { return nil }
        let aggregate = AttestationElectra(
            aggregationBits: Bitlist(count: Int(spec.committeeLength), setting: votes.signatures.keys),
            data: votes.data, signature: signature,
            committeeBits: Bitvector(count: Preset.mainnet.maxCommitteesPerSlot, setting: [committee]))
        attestations[slot]?[key]?.aggregate = aggregate
        handedOut[slot, default: []].insert(aggregate.hashTreeRoot())
        return aggregate
    }

    /// - Returns: nil without signatures. They have been verified.
    static func sum(_ signatures: some Collection<SignatureBytes>) -> SignatureBytes? {
        do throws(BLSError) {
            var points: [Signature] = []
            for bytes in signatures { points.append(try Signature(bytes)) }
            return try Signature.aggregate(points).bytes
        } catch {
            return nil
        }
    }

    /// - Returns: for each refused aggregate its position and why.
    package func submit(
        _ aggregates: [SignedAggregateAndProofElectra], at now: Instant
    ) async -> [(index: Int, message: String)] {
        await take(aggregates.map { candidate($0, at: now) }, at: now)
    }

    private func candidate(
        _ signed: SignedAggregateAndProofElectra, at now: Instant
    ) -> Result<Candidate, Rejection> {
        let message = signed.message
        let (index, slot) = (message.aggregatorIndex, message.aggregate.data.slot)
        let duty = Duty(slot: slot, type: .aggregator)
        let identity = message.hashTreeRoot()
        if let why = fault(in: message, at: now) {
            return .failure(Rejection(duty: duty, validator: index, why: why))
        }
        return .success(
            Candidate(
                duty: duty, part: Part(validator: index), identity: identity,
                claims: [
                    claim(index, message.selectionProof, spec.selection(slot)),
                    claim(index, signed.signature, spec.signingRoot(identity, .aggregateAndProof)),
                ]))
    }

    private func fault(in message: AggregateAndProofElectra, at now: Instant) -> String? {
        let (index, slot) = (message.aggregatorIndex, message.aggregate.data.slot)
        guard exists(index) else { return "unknown validator \(index)" }
        if let fault = untimely(slot, at: now) { return fault }
        let duty = duty(of: index, in: clock.epoch(of: slot))
        guard duty.slot == slot else { return "validator \(index) attests in slot \(duty.slot)" }
        guard message.aggregate.committeeBits.setIndices.map(UInt64.init) == [duty.committeeIndex.rawValue] else {
            return "validator \(index) sits in committee \(duty.committeeIndex)"
        }
        guard spec.isAggregator(message.selectionProof) else { return "validator \(index) is no aggregator" }
        guard handedOut[slot]?.contains(message.aggregate.hashTreeRoot()) == true else {
            return "an aggregate that this chain did not make"
        }
        return nil
    }
}
