import BLS
import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import Logging
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
    /// - Returns: a validator whose set holds a signature that cannot be good, nil if there is none.
    func firstRefused(_ set: ParSignedDataSet) async throws(SignatureVerifier.Failure) -> PubKey? {
        guard let first = set.min(by: { $0.key < $1.key }) else { return nil }
        let share = first.value.shareIndex
        guard suspects.contains(share) else {
            verifier.decodeAhead(set.values.map(\.data.signature))
            return nil
        }
        guard let claims = claims(set) else { return first.key }
        let holds: Bool? = await withCheckedContinuation { continuation in
            if !verifier.verifyAll(claims.map(\.1), from: share, done: { continuation.resume(returning: $0) }) {
                continuation.resume(returning: nil)
            }
        }
        guard let holds else { throw .overloaded }
        return holds ? nil : first.key
    }

    /// Checks partial signatures under the public shares they claim.
    ///
    /// - Returns: the first validator whose signature is bad, nil if all hold.
    func firstBad(_ set: ParSignedDataSet) async throws(SignatureVerifier.Failure) -> PubKey? {
        guard let claims = claims(set) else { return set.keys.min() }
        let verdicts: [Bool]? = await withCheckedContinuation { continuation in
            if !verifier.verify(claims.map(\.1), done: { continuation.resume(returning: $0) }) {
                continuation.resume(returning: nil)
            }
        }
        guard let verdicts else { throw .overloaded }
        return zip(claims, verdicts).first { !$0.1 }?.0.0
    }

    /// By validator, ascending; nil if there is a share of nobody's.
    private func claims(_ set: ParSignedDataSet) -> [(PubKey, SignatureVerifier.Claim)]? {
        var claims: [(PubKey, SignatureVerifier.Claim)] = []
        for (pubKey, partial) in set.sorted(by: { $0.key < $1.key }) {
            guard let key = keys.publicShare(pubKey, partial.shareIndex) else { return nil }
            let root = chain.domains.signingRoot(of: partial.data)
            claims.append((pubKey, .init(key: key, signature: partial.data.signature, root: root)))
        }
        return claims
    }
}

extension SignatureVerifier {
    enum Failure: Error {
        /// More is waiting than can be checked in time.
        case overloaded
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
    let consensus: ConsensusProtocol
    let parSigEx: ParSigExProtocol
    let sender: PeerSender
    let logger: Logger
    let report: @Sendable (Report) -> Void

    var handlers: WorkflowDriver.Handlers {
        .init(
            resolveDuties: { await resolveDuties($0) },
            fetchAttestationData: { await fetch($0, $1) },
            sendConsensus: { await send($0) },
            sign: { await sign($0, $1) },
            shareWithPeers: { await parSigEx.send($0, $1, by: sender) },
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

    private func send(_ message: ConsensusMessage) async {
        do throws(MessageFault) {
            try await consensus.send(message, by: sender)
        } catch {
            logger.error("encode consensus message", metadata: ["duty": "\(message.duty)", "error": "\(error)"])
        }
    }

    private func sign(_ duty: Duty, _ set: UnsignedDataSet) async -> Event {
        guard let signer else { return .signFailed(duty, reason: "no signer is configured") }
        let outcome = await withCheckedContinuation { continuation in
            signer.sign(duty, set) { continuation.resume(returning: $0) }
        }
        for failure in outcome.failures.values {
            logger.error("sign", metadata: ["duty": "\(duty)", "error": "\(failure)"])
        }
        if outcome.signed.isEmpty, let failure = outcome.failures.values.first {
            return .signFailed(duty, reason: "\(failure)")
        }
        return .localPartials(duty, outcome.signed, nil)
    }

    private func recover(_ duty: Duty, _ groups: [PubKey: [ParSignedData]]) async -> Event {
        var byEntry: [EntryKey: PartialGroup] = [:]
        for (pubKey, group) in groups {
            guard let first = group.first else { continue }
            byEntry[EntryKey(pubKey)] = PartialGroup(
                data: first.data,
                signatures: Dictionary(
                    group.map { ($0.shareIndex, $0.data.signature) }, uniquingKeysWith: { first, _ in first }))
        }
        let sent = byEntry
        let results = await withCheckedContinuation { continuation in
            combiner.combine(sent) { continuation.resume(returning: $0) }
        }
        for case .badShares(let shares) in results.values { suspects.insert(shares) }
        return .recovered(
            duty, Dictionary(results.map { ($0.key.pubKey, $0.value) }, uniquingKeysWith: { first, _ in first }))
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
