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
    let beacon: BeaconClient
    let validators: ActiveValidators
    let chain: ChainContext
    let signer: Signer?
    let combiner: ThresholdCombiner
    let verifier: SignatureVerifier
    let keys: ShareKeys
    let consensus: ConsensusProtocol
    let parSigEx: ParSigExProtocol
    let threads: CryptoThreads
    let report: @Sendable (Report) -> Void

    /// Attestations written as JSON on the loop, about 10 µs each; more go to a crypto thread.
    private static let encodedOnLoopMax = 32

    /// On the driver's loop.
    func perform(_ effect: Effect, _ tasks: OwnedTasks, _ driver: WorkflowDriver) {
        func work(_ body: @escaping @Sendable () async -> Event) { tasks.run { driver.post(await body()) } }
        switch effect {
        case .persist, .note, .answer: break  // the driver's own
        case .resolveDuties(let epoch): work { await resolveDuties(epoch) }
        case .fetch(let duty, .attestationData(let committees)): fetch(duty, committees, driver)
        case .sendConsensus(let message): consensus.send(message)
        case .sendConsensusTo(let peer, let message): consensus.send(message, to: peer)
        case .sign(let duty, let set): sign(duty, set, driver)
        case .shareWithPeers(let duty, let set):
            parSigEx.send(duty, set) { _ in driver.post(.shared(duty, set.keys.sorted())) }
        case .verify(let share, _, let set): verify(set, of: share, driver)
        case .decodeAhead(let signatures): verifier.decodeAhead(signatures)
        case .recover(let duty, let groups): combiner.combine(groups) { driver.post(.recovered(duty, $0)) }
        case .broadcast(let duty, let set): broadcast(duty, set, driver)
        case .report(let report): self.report(report)
        }
    }

    private func resolveDuties(_ epoch: Epoch) async -> Event {
        do throws(BeaconError) {
            let active = try await validators.active(in: epoch)
            guard !active.isEmpty else { return .dutiesResolved(epoch, []) }
            let answer = try await beacon.attesterDuties(
                epoch, validators: active, slotsPerEpoch: chain.clock.slotsPerEpoch)
            return .dutiesResolved(epoch, answer.rows.map { .attester($0) })
        } catch {
            return .dutiesUnavailable(epoch, reason: "\(error)")
        }
    }

    private func fetch(_ duty: Duty, _ committees: [CommitteeIndex], _ driver: WorkflowDriver) {
        let fetch = AttestationDataFetch(duty, committees.count) { driver.post($0) }
        for committee in committees {
            _ = beacon.attestationData(duty.slot, committee: committee) { fetch.arrived(committee, $0) }
        }
    }

    private func sign(_ duty: Duty, _ set: UnsignedDataSet, _ driver: WorkflowDriver) {
        guard let signer else { return driver.post(.signFailed(duty, reason: "no signer is configured")) }
        signer.sign(duty, set) { outcome in
            if !outcome.signed.isEmpty { driver.post(.localPartials([LocalPartials(duty, outcome.signed)], nil)) }
            for failure in Set(outcome.failures.values) { driver.post(.signFailed(duty, reason: "\(failure)")) }
        }
    }

    private func verify(_ set: ParSignedDataSet, of share: ShareIndex, _ driver: WorkflowDriver) {
        let claims = set.compactMap { keys.claim($0.value, $0.key, chain.domains) }
        guard claims.count == set.count else { return driver.post(.verified(share, false)) }
        let isAdmitted = verifier.verifyAll(claims, from: share) { driver.post(.verified(share, $0)) }
        if !isAdmitted { driver.post(.verified(share, false)) }
    }

    private func broadcast(_ duty: Duty, _ set: SignedDataSet, _ driver: WorkflowDriver) {
        guard set.count > Self.encodedOnLoopMax else { return submit(duty, set, encoded(set), driver) }
        threads.submit(.own) {
            let encoded = encoded(set)
            HandOffs.note()
            driver.loop.execute { submit(duty, set, encoded, driver) }
        }
    }

    private func encoded(_ set: SignedDataSet) -> Result<EncodedAttestations, Failure> {
        do {
            let attestations = set.sorted { $0.key < $1.key }.map { entry in
                switch entry.value {
                case .attestation(let attestation): attestation
                }
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
        _ duty: Duty, _ set: SignedDataSet, _ encoded: Result<EncodedAttestations, Failure>, _ driver: WorkflowDriver
    ) {
        switch encoded {
        case .failure(let failure): driver.post(.broadcastFailed(duty, set, failure))
        case .success(let attestations):
            _ = beacon.submit(attestations) { result in
                switch result {
                case .success: driver.post(.broadcastSucceeded(duty, set.keys.sorted()))
                case .failure(let error): driver.post(.broadcastFailed(duty, set, Failure(error)))
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
    /// A beacon node's error tells whether trying again may help; our own never does.
    fileprivate init(_ error: any Error) {
        self.init(reason: "\(error)", isTemporary: (error as? BeaconError)?.isTemporary ?? false)
    }
}
