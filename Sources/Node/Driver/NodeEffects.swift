import BLS
import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import Libp2p
import PeerProtocols
import SSZ

/// How the node performs the workflow's effects.
struct NodeEffects: Sendable {
    /// Takes what came of an effect, from any thread.
    typealias Post = @Sendable (Event) -> Void

    let beacon: BeaconClient
    let validators: ActiveValidators
    let duties: DutiesSource
    let chain: ChainView
    let signer: Signer?
    let combiner: ThresholdCombiner
    let verifier: SignatureVerifier
    let keys: ShareKeys
    let consensus: ConsensusProtocol
    let parSigEx: ParSigExProtocol
    let priority: PriorityProtocol
    let threads: CryptoThreads
    let report: @Sendable (Report) -> Void
    /// Takes builder registrations that the cluster has signed; beacon nodes are told from there.
    var registered: @Sendable ([SignedValidatorRegistration]) -> Void = { _ in }

    /// Nil: only blocks are looked for in the chain, not votes.
    var votesInBlocks: VotesInBlocks?

    /// Attestations written as JSON on the loop, about 10 µs each; more go to a crypto thread.
    private static let encodedOnLoopMax = 32

    /// On the beacon client's loop, which is the driver's. An outcome is posted once; of signing, what was signed and each
    /// reason why others were not.
    func perform(_ effect: Effect, _ tasks: OwnedTasks, _ post: @escaping Post) {
        func work(_ body: @escaping @Sendable () async -> Event) { tasks.run { post(await body()) } }
        switch effect {
        case .persist, .note, .answer, .enterNewSet: break  // the driver's own
        case .resolveDuties(let epoch, let kinds):
            for kind in kinds.sorted() { tasks.run { await resolveDuties(epoch, kind, post) } }
        case .fetch(let duty, .attestationData(let committees)): fetch(duty, committees, post)
        case .fetch(let duty, let request): work { await fetch(duty, request) }
        case .sendConsensus(let message): consensus.send(message)
        case .sendConsensusTo(let peer, let message): consensus.send(message, to: peer)
        case .exchangePriorities(let own):
            tasks.run { await priority.exchange(own) { post(.peerPriorities($0, $1, nil)) } }
        case .sign(let duty, let set): sign(duty, set, post)
        case .shareWithPeers(let duty, let set):
            parSigEx.send(duty, set) { _ in post(.shared(duty, set.keys.sorted())) }
        case .shareWithPeer(let peer, let duty, let set): parSigEx.send(duty, set, to: peer)
        case .verify(let share, _, let set): verify(set, of: share, post)
        case .decodeAhead(let signatures): verifier.decodeAhead(signatures)
        case .recover(let duty, let groups): combiner.combine(groups) { post(.recovered(duty, $0)) }
        case .broadcast(let duty, let set) where duty.type == .attester: broadcastAttestations(duty, set, post)
        case .broadcast(let duty, let set): work { await broadcast(duty, set) }
        case .checkInclusion(let slot): work { await block(of: slot) }
        case .report(let report): self.report(report)
        }
    }

    private func resolveDuties(_ epoch: Epoch, _ kind: DutyKind, _ post: Post) async {
        do throws(BeaconError) {
            let active = try await validators.active(in: epoch)
            let rows = active.isEmpty ? [] : try await rows(of: epoch, kind, active)
            let without = try await kind == .attester ? validatorsWithoutRow(in: epoch, active, rows) : []
            // A cluster that waits for its deposits looks the same as a node that leaves out all rows.
            let isUnknown = try await validators.known().isEmpty
            post(.dutiesResolved(epoch, kind, rows))
            if isUnknown || !without.isEmpty { post(.dutiesIncomplete(epoch, kind, without: without)) }
        } catch {
            post(.dutiesUnavailable(epoch, kind, reason: "\(error)"))
        }
    }

    private func validatorsWithoutRow(
        in epoch: Epoch, _ active: [ValidatorIndex: PubKey], _ rows: [DutyDefinition]
    ) async throws(BeaconError) -> [PubKey] {
        let voters = Set(rows.map { $0.pubKey })
        return try await validators.expected(in: epoch).compactMap { active[$0] }
            .filter { !voters.contains($0) }.sorted()
    }

    private func rows(
        of epoch: Epoch, _ kind: DutyKind, _ active: [ValidatorIndex: PubKey]
    ) async throws(BeaconError) -> [DutyDefinition] {
        switch kind {
        case .attester:
            let expecting = try await validators.expected(in: epoch)
            return try await duties.attesters(epoch, active, expecting: expecting).rows.map { .attester($0) }
        case .proposer:
            return try await duties.proposers(epoch, .v1).rows
                .filter { active[$0.validatorIndex] == $0.pubKey }.map { .proposer($0) }
        case .sync:
            guard chain.current.forks.fork(at: epoch) >= .altair else { return [] }
            return try await duties.syncs(epoch, active).rows.map { .sync($0) }
        }
    }

    private func fetch(_ duty: Duty, _ committees: [CommitteeIndex], _ post: @escaping Post) {
        let fetch = AttestationDataFetch(duty, committees.count) { post($0) }
        let clock = chain.clock
        for committee in committees {
            _ = beacon.attestationData(
                duty.slot, committee: committee,
                fault: { AttestationRules.fault(in: $0, slot: duty.slot, committee: committee, clock) },
                done: { fetch.arrived(committee, $0) })
        }
    }

    private func sign(_ duty: Duty, _ set: SignedDataSet, _ post: @escaping Post) {
        guard let signer else { return post(.signFailed(duty, reason: "no signer is configured")) }
        signer.sign(duty, set) { outcome in
            if !outcome.signed.isEmpty { post(.localPartials([LocalPartials(duty, outcome.signed)], nil)) }
            for failure in outcome.reasons { post(.signFailed(duty, reason: "\(failure)")) }
        }
    }

    private func verify(_ set: ParSignedDataSet, of share: ShareIndex, _ post: @escaping Post) {
        let domains = chain.domains
        let claims = set.compactMap { keys.claim($0.value, $0.key, domains) }
        guard claims.count == set.count else { return post(.verified(share, false)) }
        let isAdmitted = verifier.verifyAll(claims, from: share) { post(.verified(share, $0)) }
        if !isAdmitted { post(.verified(share, false)) }
    }

    private func broadcastAttestations(_ duty: Duty, _ set: SignedDataSet, _ post: @escaping Post) {
        guard set.count > Self.encodedOnLoopMax else { return submit(duty, set, encoded(set), post) }
        threads.submit(.own) {
            let encoded = encoded(set)
            HandOffs.note(.loop)
            beacon.loop.execute { submit(duty, set, encoded, post) }
        }
    }

    private func encoded(_ set: SignedDataSet) -> Result<EncodedAttestations, Failure> {
        do {
            let attestations: [VersionedAttestation] = set.sorted { $0.key < $1.key }.compactMap { _, object in
                guard case .attestation(let attestation) = object else { return nil }
                return attestation
            }
            // One duty is of one slot, and so of one fork.
            let fork = attestations.first?.fork ?? .phase0
            let submission: AttestationSubmission =
                fork.usesElectraAttestations
                ? .single(try attestations.map { try $0.single() })
                : .phase0(
                    attestations.compactMap {
                        guard case .phase0(let attestation) = $0.form else { return nil }
                        return attestation
                    })
            return .success(EncodedAttestations(submission, fork: fork, for: beacon))
        } catch {
            return .failure(Failure(error))
        }
    }

    private func submit(
        _ duty: Duty, _ set: SignedDataSet, _ encoded: Result<EncodedAttestations, Failure>, _ post: @escaping Post
    ) {
        switch encoded {
        case .failure(let failure): post(.broadcastFailed(duty, set, failure))
        case .success(let attestations):
            _ = beacon.submit(attestations) { result in
                switch result {
                case .success: post(.broadcastSucceeded(duty, set.keys.sorted()))
                case .failure(let error): post(.broadcastFailed(duty, set, Failure(error)))
                }
            }
        }
    }
}

/// The answers for one duty's committees, together. On the loop.
private final class AttestationDataFetch {
    private let duty: Duty
    private var open: Int
    private var data: [CommitteeIndex: AttestationData] = [:]
    /// Nil once called.
    private var done: ((Event) -> Void)?

    init(_ duty: Duty, _ committees: Int, done: @escaping (Event) -> Void) {
        self.duty = duty
        open = committees
        self.done = done
    }

    func arrived(_ committee: CommitteeIndex, _ result: Result<AttestationData, BeaconError>) {
        switch result {
        case .failure(let error): end(.fetchFailed(duty, Failure(error)))
        case .success(let answer):
            data[committee] = answer
            open -= 1
            if open == 0 { end(.fetched(duty, .attestationData(data))) }
        }
    }

    private func end(_ event: Event) {
        done?(event)
        done = nil
    }
}

extension Failure {
    /// A beacon node's error tells whether trying again may help; of any other it is not known to.
    init(_ error: any Error) {
        self =
            error as? Failure ?? Failure(reason: "\(error)", isTemporary: (error as? BeaconError)?.isTemporary ?? false)
    }
}
