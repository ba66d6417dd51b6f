import BLS
import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import PeerProtocols
import SSZ
import Secp256k1
import Synchronization
import ValidatorAPI

/// What a node has once it knows its chain: the driver of its workflow and everything effects need.
struct NodeRuntime: Sendable {
    let driver: WorkflowDriver
    let chain: ChainContext
    let keys: ShareKeys
    let verifier: SignatureVerifier
    let suspects: Suspects

    /// Looks at a peer's shares before they are kept. They are verified with the group signature they become part of,
    /// unless a share of that operator was bad before.
    ///
    /// - Returns: the first validator whose signature cannot be good, nil if there is none.
    func firstRefused(_ set: ParSignedDataSet) async throws(SignatureVerifier.Failure) -> PubKey? {
        if set.values.contains(where: { suspects.contains($0.shareIndex) }) { return try await firstBad(set) }
        let order = set.keys.sorted()
        let verdicts = try await verifier.decode(order.compactMap { set[$0]?.data.signature })
        return zip(order, verdicts).first { !$0.1 }?.0
    }

    /// Checks partial signatures under the public shares they claim.
    ///
    /// - Returns: the first validator whose signature is bad, nil if all hold.
    func firstBad(_ set: ParSignedDataSet) async throws(SignatureVerifier.Failure) -> PubKey? {
        let order = set.keys.sorted()
        var claims: [SignatureVerifier.Claim] = []
        for pubKey in order {
            guard let partial = set[pubKey], let key = keys.publicShare(pubKey, partial.shareIndex) else {
                return pubKey
            }
            claims.append(
                .init(key: key, signature: partial.data.signature, root: chain.domains.signingRoot(of: partial.data)))
        }
        let verdicts = try await verifier.verify(claims)
        return zip(order, verdicts).first { !$0.1 }?.0
    }
}

/// Operators who sent a bad share since this node started.
final class Suspects: Sendable {
    private let shares = Mutex<Set<ShareIndex>>([])

    func insert(_ bad: some Sequence<ShareIndex>) { shares.withLock { $0.formUnion(bad) } }
    func contains(_ share: ShareIndex) -> Bool { shares.withLock { $0.contains(share) } }
}

/// The chain as the beacon nodes describe it.
package struct ChainContext: Sendable {
    package let clock: SlotClock
    package let domains: SigningDomains
    package let spec: ChainSpec

    package var forks: ForkSchedule { domains.forks }
}

/// How the node performs the workflow's effects.
struct NodeEffects: Sendable {
    let beacon: BeaconClient
    let validators: ActiveValidators
    let chain: ChainContext
    let signer: Signer?
    let combiner: ThresholdCombiner
    let suspects: Suspects
    let threads: CryptoThreads
    let consensus: ConsensusProtocol
    let parSigEx: ParSigExProtocol
    let report: @Sendable (Report) -> Void

    var handlers: WorkflowDriver.Handlers {
        .init(
            resolveDuties: { await resolveDuties($0) },
            fetchAttestationData: { await fetch($0, $1) },
            sendConsensus: { consensus.send($0) },
            sign: { await sign($0, $1) },
            shareWithPeers: { parSigEx.send($0, $1) },
            recover: { await recover($0, $1) },
            broadcast: { await broadcast($0, $1) },
            report: report)
    }

    private func resolveDuties(_ epoch: Epoch) async -> Event {
        do throws(BeaconError) {
            let active = try await validators.active(in: epoch)
            guard !active.isEmpty else { return .dutiesResolved(epoch, []) }
            let answer = try await beacon.attesterDuties(
                epoch, validators: active, slotsPerEpoch: chain.clock.slotsPerEpoch)
            return .dutiesResolved(epoch, answer.rows)
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
            return .attestationData(duty, data)
        } catch {
            return .fetchFailed(duty, Failure(error))
        }
    }

    private func sign(_ duty: Duty, _ set: UnsignedDataSet) async -> Event {
        guard let signer else { return .signFailed(duty, reason: "no signer is configured") }
        do {
            return .localPartials(duty, try await signer.sign(duty, set), nil)
        } catch {
            return .signFailed(duty, reason: "\(error)")
        }
    }

    private func recover(_ duty: Duty, _ groups: [PubKey: [ParSignedData]]) async -> Event {
        do {
            let results = try await threads.run { [combiner] in combiner.combine(groups) }
            for case .badShares(let shares) in results.values { suspects.insert(shares) }
            return .recovered(duty, results)
        } catch {
            // Only at shutdown: the threads take no more work.
            return .recovered(duty, [:])
        }
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
