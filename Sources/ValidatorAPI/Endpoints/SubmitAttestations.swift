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
            let attesters = try await attesters(of: attestations)
            for (place, attestation) in attestations.enumerated() {
                try await attempt(place) { try claim(attestation, of: attesters[attestation.data.slot] ?? []) }
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

    /// Who attests in the slots of well-formed ones. Each slot is asked for once: a way through the node costs as much
    /// as all that is done there.
    private func attesters(of attestations: [AttestationPhase0]) async throws -> [Slot: [AttesterDuty]] {
        var attesters: [Slot: [AttesterDuty]] = [:]
        for attestation in attestations where (try? seat(of: attestation)) != nil {
            let slot = attestation.data.slot
            guard attesters[slot] == nil else { continue }
            let definitions = try await backend.definitions(of: .attester(slot: slot)) ?? [:]
            attesters[slot] = definitions.values.compactMap { definition in
                if case .attester(let row) = definition { row } else { nil }
            }
        }
        return attesters
    }

    /// Up to Deneb the one aggregation bit tells the validator, by its position in the committee.
    private func seat(of attestation: AttestationPhase0) throws(APIFault) -> (position: UInt64, fork: ForkName) {
        let fork = try fork(of: attestation.data, isElectra: false)
        let positions = attestation.aggregationBits.setIndices
        guard positions.count == 1 else {
            throw APIFault(400, "expected one aggregation bit, got \(positions.count)")
        }
        return (UInt64(positions[0]), fork)
    }

    private func claim(_ attestation: AttestationPhase0, of attesters: [AttesterDuty]) throws -> Claim {
        let slot = attestation.data.slot
        let (position, fork) = try seat(of: attestation)
        guard
            let row = attesters.first(where: {
                $0.committeeIndex == attestation.data.index && $0.validatorCommitteeIndex == position
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
