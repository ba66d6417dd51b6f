import DutyWorkflow
import Ethereum
import PeerProtocols
import SSZ
import ValidatorAPI

/// What a node has once it knows its chain: the driver of its workflow and what checks our own signatures.
struct NodeRuntime: Sendable {
    let driver: WorkflowDriver
    let chain: ChainContext
    let keys: ShareKeys
    let verifier: SignatureVerifier

    /// Checks partial signatures under the public shares they claim.
    ///
    /// - Returns: the first entry whose signature is bad, nil if all hold.
    func firstBad(_ set: ParSignedDataSet) async throws -> EntryKey? {
        let order = set.keys.sorted()
        var claims: [SignatureVerifier.Claim] = []
        for key in order {
            guard let partial = set[key], let claim = keys.claim(partial, key, chain.domains) else { return key }
            claims.append(claim)
        }
        let verdicts: [Bool]? = await withCheckedContinuation { continuation in
            let isAdmitted = verifier.verify(claims) { continuation.resume(returning: $0) }
            if !isAdmitted { continuation.resume(returning: nil) }
        }
        guard let verdicts else { throw ValidatorAPIRefusal.unavailable("too many signatures wait to be checked") }
        return zip(order, verdicts).first { !$0.1 }?.0
    }
}

extension ShareKeys {
    /// What a partial signature claims; nil for a share that is none of the cluster's.
    func claim(_ partial: ParSignedData, _ key: EntryKey, _ domains: SigningDomains) -> SignatureVerifier.Claim? {
        publicShare(key.pubKey, partial.shareIndex).map {
            .init(key: $0, signature: partial.data.signature, root: domains.signingRoot(of: partial.data))
        }
    }
}

/// The chain as the beacon nodes describe it.
package struct ChainContext: Sendable {
    package let clock: SlotClock
    package let domains: SigningDomains
    package let spec: ChainSpec

    package var forks: ForkSchedule { domains.forks }
}
