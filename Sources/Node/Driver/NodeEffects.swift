import BLS
import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
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
    let report: @Sendable (Report) -> Void

    /// On the driver's loop.
    func perform(_ effect: Effect, _ tasks: OwnedTasks, _ driver: WorkflowDriver) {
        func work(_ body: @escaping @Sendable () async -> Event) { tasks.run { driver.post(await body()) } }
        switch effect {
        case .persist, .note, .answer: break  // the driver's own
        case .resolveDuties(let epoch): work { await resolveDuties(epoch) }
        case .fetch(let duty, .attestationData(let committees)): work { await fetch(duty, committees) }
        case .sendConsensus(let message): consensus.send(message)
        case .sendConsensusTo(let peer, let message): consensus.send(message, to: peer)
        case .sign(let duty, let set): sign(duty, set, driver)
        case .shareWithPeers(let duty, let set):
            parSigEx.send(duty, set) { _ in driver.post(.shared(duty, set.keys.sorted())) }
        case .verify(let share, _, let set): verify(set, of: share, driver)
        case .decodeAhead(let signatures): verifier.decodeAhead(signatures)
        case .recover(let duty, let groups): combiner.combine(groups) { driver.post(.recovered(duty, $0)) }
        case .broadcast(let duty, let set): work { await broadcast(duty, set) }
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

    private func fetch(_ duty: Duty, _ committees: [CommitteeIndex]) async -> Event {
        do {
            let data = try await withThrowingTaskGroup(of: (CommitteeIndex, AttestationData).self) { group in
                for committee in committees {
                    group.addTask { (committee, try await beacon.attestationData(duty.slot, committee: committee)) }
                }
                var data: [CommitteeIndex: AttestationData] = [:]
                for try await (committee, entry) in group { data[committee] = entry }
                return data
            }
            return .fetched(duty, .attestationData(data))
        } catch {
            return .fetchFailed(duty, Failure(error))
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

    private func broadcast(_ duty: Duty, _ set: SignedDataSet) async -> Event {
        do {
            let attestations = set.sorted { $0.key < $1.key }.map { entry in
                switch entry.value {
                case .attestation(let attestation): attestation
                }
            }
            guard let fork = attestations.first?.fork else { return .broadcastSucceeded(duty, []) }
            let submission: AttestationSubmission =
                fork.usesElectraAttestations
                ? .single(try attestations.map { try $0.single() })
                : .phase0(
                    attestations.compactMap {
                        guard case .phase0(let attestation) = $0.form else { return nil }
                        return attestation
                    })
            try await beacon.submit(submission, fork: fork)
            return .broadcastSucceeded(duty, set.keys.sorted())
        } catch {
            return .broadcastFailed(duty, set, Failure(error))
        }
    }
}

extension Failure {
    /// A beacon node's error tells whether trying again may help; our own never does.
    fileprivate init(_ error: any Error) {
        self.init(reason: "\(error)", isTemporary: (error as? BeaconError)?.isTemporary ?? false)
    }
}
