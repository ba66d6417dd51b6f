import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// Attestations signed with our shares (validator-api.md §4.4).
extension EndpointTable {
    /// What contradicts the cluster's decision is refused alone, as the Beacon API wants it.
    var submitAttestations: Endpoint {
        Endpoint("submit_attestations_v2", .post, "/eth/v2/beacon/pool/attestations") { call in
            let fork = try call.consensusVersion()
            let submission = try await call.list { json throws(SSZError) in
                try AttestationSubmission(json: json, fork: fork)
            }
            try await submit(try await votes(in: submission))
            return .empty
        }
    }

    /// Who makes an attestation, and the form in which nodes exchange it.
    private typealias Claim = (attester: AttesterPosition, attestation: VersionedAttestation)

    /// Each attestation with its validator.
    ///
    /// - Throws: 400 with one failure for each attestation that has none.
    private func votes(in submission: AttestationSubmission) async throws -> [SubmittedObject] {
        var claims: [(place: Int, claim: Claim)] = []
        var failures: [APIErrorBody.Failure] = []
        func attempt(_ place: Int, _ make: () async throws -> Claim) async throws {
            do {
                claims.append((place, try await make()))
            } catch let fault as APIFault where fault.status == 400 {
                failures.append(.init(index: place, message: fault.message))
            }
        }
        switch submission {
        case .single(let attestations):
            for (place, single) in attestations.enumerated() {
                try await attempt(place) { try await claim(single) }
            }
        case .phase0(let attestations):
            for (place, attestation) in attestations.enumerated() {
                try await attempt(place) { try await claim(attestation) }
            }
        }
        let pubKeys = claims.isEmpty ? [] : try await backend.attesterPubKeys(claims.map(\.claim.attester))
        var votes: [SubmittedObject] = []
        for ((place, claim), pubKey) in zip(claims, pubKeys) {
            if let pubKey {
                votes.append(
                    SubmittedObject(
                        place: place, duty: .attester(slot: claim.attester.slot), pubKey: pubKey,
                        data: .attestation(claim.attestation)))
            } else {
                failures.append(.init(index: place, message: Self.noDuty(claim.attester.slot).message))
            }
        }
        guard failures.isEmpty else {
            throw APIFault.failures("invalid attestations", failures.sorted { $0.index < $1.index })
        }
        return votes
    }

    private func claim(_ single: SingleAttestation) async throws -> Claim {
        let fork = try fork(of: single.data, isElectra: true)
        let attester = AttesterPosition(
            slot: single.data.slot, committee: single.committeeIndex, validator: single.attesterIndex)
        do {
            // What nodes exchange has mainnet's shape on every chain.
            return (attester, try VersionedAttestation(single: single, fork: fork, preset: .mainnet))
        } catch {
            throw APIFault(400, "\(error)")
        }
    }

    /// Up to Deneb the one aggregation bit tells the validator.
    private func claim(_ attestation: AttestationPhase0) async throws -> Claim {
        let slot = attestation.data.slot
        let fork = try fork(of: attestation.data, isElectra: false)
        let positions = attestation.aggregationBits.setIndices
        guard positions.count == 1 else {
            throw APIFault(400, "expected one aggregation bit, got \(positions.count)")
        }
        let definitions = try await backend.definitions(of: .attester(slot: slot)) ?? [:]
        let rows = definitions.values.compactMap { definition -> AttesterDuty? in
            guard case .attester(let row) = definition else { return nil }
            return row
        }
        guard
            let row = rows.first(where: {
                $0.committeeIndex == attestation.data.index && $0.validatorCommitteeIndex == UInt64(positions[0])
            })
        else { throw Self.noDuty(slot) }
        guard row.committeeLength == UInt64(attestation.aggregationBits.count) else {
            throw APIFault(400, "expected \(row.committeeLength) aggregation bits")
        }
        let attester = AttesterPosition(slot: slot, committee: row.committeeIndex, validator: row.validatorIndex)
        do {
            return (attester, try VersionedAttestation(fork: fork, form: .phase0(attestation)))
        } catch {
            throw APIFault(400, "\(error)")
        }
    }

    /// The fork of the attested slot, whatever the header said; the header must agree about the form.
    private func fork(of data: AttestationData, isElectra: Bool) throws(APIFault) -> ForkName {
        let fork = fork(at: data.slot)
        guard fork.usesElectraAttestations == isElectra else {
            throw APIFault(400, "attestation of another form than that of \(fork)")
        }
        return fork
    }

    private static func noDuty(_ slot: Slot) -> APIFault {
        APIFault(400, "the cluster has decided no such attester duty in slot \(slot)")
    }
}
