import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// Attestations signed with our shares (validator-api.md §4.4).
extension EndpointTable {
    /// Takes all or nothing: every signature is checked before the first one is stored.
    var submitAttestations: Endpoint {
        Endpoint("submit_attestations_v2", .post, "/eth/v2/beacon/pool/attestations") { call in
            guard let version = call.header(HeaderName.consensusVersion) else {
                throw APIFault(400, "missing consensus version header")
            }
            guard let fork = ForkName(name: version) else {
                throw APIFault(400, "unknown consensus version \(version.prefix(32))")
            }
            let submission = try await call.json { json throws(SSZError) in
                try AttestationSubmission(json: json, fork: fork)
            }
            let sets = try await sets(of: try await votes(in: submission))
            for (duty, set) in sets { try await backend.verify(duty, set) }
            for (duty, set) in sets { try await backend.submit(duty, set) }
            return .empty
        }
    }

    private typealias Vote = (pubKey: PubKey, attestation: VersionedAttestation)

    /// Each attestation with its validator.
    ///
    /// - Throws: 400 with one failure for each attestation that has none.
    private func votes(in submission: AttestationSubmission) async throws -> [Vote] {
        var votes: [Vote] = []
        var failures: [APIErrorBody.Failure] = []
        func attempt(_ position: Int, _ make: () async throws -> Vote) async throws {
            do {
                votes.append(try await make())
            } catch let fault as APIFault where fault.status == 400 {
                failures.append(.init(index: position, message: fault.message))
            }
        }
        switch submission {
        case .single(let attestations):
            for (position, single) in attestations.enumerated() {
                try await attempt(position) { try await vote(single) }
            }
        case .phase0(let attestations):
            for (position, attestation) in attestations.enumerated() {
                try await attempt(position) { try await vote(attestation) }
            }
        }
        guard failures.isEmpty else { throw APIFault.failures("invalid attestations", failures) }
        return votes
    }

    private func vote(_ single: SingleAttestation) async throws -> Vote {
        let fork = try await fork(of: single.data, isElectra: true)
        let pubKey = try await pubKey(single.data.slot, single.committeeIndex, single.attesterIndex)
        do {
            // What nodes exchange has mainnet's shape on every chain.
            return (pubKey, try VersionedAttestation(single: single, fork: fork, preset: .mainnet))
        } catch {
            throw APIFault(400, "\(error)")
        }
    }

    /// Up to Deneb the one aggregation bit tells the validator.
    private func vote(_ attestation: AttestationPhase0) async throws -> Vote {
        let slot = attestation.data.slot
        let fork = try await fork(of: attestation.data, isElectra: false)
        let positions = attestation.aggregationBits.setIndices
        guard positions.count == 1 else {
            throw APIFault(400, "expected one aggregation bit, got \(positions.count)")
        }
        let definitions = try await backend.attesterDefinitions(slot: slot)
        guard
            let row = definitions.first(where: {
                $0.committeeIndex == attestation.data.index && $0.validatorCommitteeIndex == UInt64(positions[0])
            })
        else { throw Self.noDuty(slot) }
        guard row.committeeLength == UInt64(attestation.aggregationBits.count) else {
            throw APIFault(400, "expected \(row.committeeLength) aggregation bits")
        }
        let pubKey = try await pubKey(slot, row.committeeIndex, row.validatorIndex)
        do {
            return (pubKey, try VersionedAttestation(fork: fork, form: .phase0(attestation)))
        } catch {
            throw APIFault(400, "\(error)")
        }
    }

    /// The fork of the attested slot, whatever the header said; the header must agree about the form.
    private func fork(of data: AttestationData, isElectra: Bool) async throws -> ForkName {
        let fork = try await backend.fork(at: data.slot)
        guard fork.usesElectraAttestations == isElectra else {
            throw APIFault(400, "attestation of another form than that of \(fork)")
        }
        return fork
    }

    private func pubKey(
        _ slot: Slot, _ committee: CommitteeIndex, _ validator: ValidatorIndex
    ) async throws -> PubKey {
        guard
            let pubKey = try await backend.attesterPubKey(slot: slot, committee: committee, validator: validator)
        else { throw Self.noDuty(slot) }
        return pubKey
    }

    private static func noDuty(_ slot: Slot) -> APIFault {
        APIFault(400, "the cluster has decided no such attester duty in slot \(slot)")
    }

    /// One set for each duty, by slot. The same attestation twice is one; two different ones of a validator are refused.
    private func sets(of votes: [Vote]) async throws -> [(Duty, ParSignedDataSet)] {
        var sets: [Duty: ParSignedDataSet] = [:]
        for vote in votes {
            let duty = Duty.attester(slot: vote.attestation.data.slot)
            let partial = ParSignedData(data: .attestation(vote.attestation), shareIndex: keys.own)
            if let other = sets[duty]?.updateValue(partial, forKey: EntryKey(vote.pubKey)), other != partial {
                throw APIFault(400, "two different attestations of one validator in slot \(duty.slot)")
            }
            sets[duty, default: [:]][EntryKey(vote.pubKey)] = partial
        }
        return sets.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
