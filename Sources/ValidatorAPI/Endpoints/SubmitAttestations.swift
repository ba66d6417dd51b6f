import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// Attestations signed with our shares (validator-api.md §4.4).
extension EndpointTable {
    /// Every signature is checked before the first set is stored. What then contradicts the cluster's decision is
    /// refused alone, as the Beacon API wants it.
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
            let sets = try sets(of: try await votes(in: submission))
            guard !sets.isEmpty else { return .empty }
            let partials = sets.map(\.partials)
            try Self.require(try await backend.verify(partials), of: sets)
            try Self.require(try await backend.submit(partials), of: sets)
            return .empty
        }
    }

    private typealias Vote = (pubKey: PubKey, attestation: VersionedAttestation)
    /// Who makes an attestation, and the form in which nodes exchange it.
    private typealias Claim = (attester: AttesterPosition, attestation: VersionedAttestation)
    private typealias PlacedSet = (partials: LocalPartials, places: [Int])

    /// Throws the first refusal, with one failure for each attestation of a refused set.
    private static func require(_ refusals: [ValidatorAPIRefusal?], of sets: [PlacedSet]) throws(APIFault) {
        precondition(refusals.count == sets.count)
        guard let first = refusals.lazy.compactMap(\.self).first else { return }
        var fault = APIFault(first)
        for (refusal, set) in zip(refusals, sets) {
            guard let refusal else { continue }
            fault.failures += set.places.map { .init(index: $0, message: refusal.description) }
        }
        fault.failures.sort { $0.index < $1.index }
        throw fault
    }

    /// Each attestation with its validator.
    ///
    /// - Throws: 400 with one failure for each attestation that has none.
    private func votes(in submission: AttestationSubmission) async throws -> [Vote] {
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
        var votes: [Vote] = []
        for ((place, claim), pubKey) in zip(claims, pubKeys) {
            if let pubKey {
                votes.append((pubKey, claim.attestation))
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
        let fork = try await fork(of: single.data, isElectra: true)
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
        let attester = AttesterPosition(slot: slot, committee: row.committeeIndex, validator: row.validatorIndex)
        do {
            return (attester, try VersionedAttestation(fork: fork, form: .phase0(attestation)))
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

    private static func noDuty(_ slot: Slot) -> APIFault {
        APIFault(400, "the cluster has decided no such attester duty in slot \(slot)")
    }

    /// One set for each duty, by slot, with the places of its attestations in the request. The same attestation twice is
    /// one; two different ones of a validator are refused.
    private func sets(of votes: [Vote]) throws(APIFault) -> [PlacedSet] {
        var sets: [Duty: (set: ParSignedDataSet, places: [Int])] = [:]
        for (place, vote) in votes.enumerated() {
            let duty = Duty.attester(slot: vote.attestation.data.slot)
            let partial = ParSignedData(data: .attestation(vote.attestation), shareIndex: keys.own)
            if let other = sets[duty]?.set[EntryKey(vote.pubKey)], other != partial {
                throw APIFault(400, "two different attestations of one validator in slot \(duty.slot)")
            }
            sets[duty, default: ([:], [])].set[EntryKey(vote.pubKey)] = partial
            sets[duty]?.places.append(place)
        }
        return sets.sorted { $0.key < $1.key }.map { (LocalPartials($0.key, $0.value.set), $0.value.places) }
    }
}
