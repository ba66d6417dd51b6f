import DutyWorkflow
import Ethereum
import PeerProtocols
import SSZ
import ValidatorAPI

/// What a node has once it knows its chain: the driver of its workflow and what checks our own signatures.
struct NodeRuntime: Sendable {
    let driver: WorkflowDriver
    let chain: ChainView
    let keys: ShareKeys
    let verifier: SignatureVerifier
    /// If traces are wanted.
    var tracing: DutyTracing?

    /// The chain's forks are others from now on, for those who sign and check as for the workflow.
    func follow(_ forks: ForkSchedule, exitVersion: ForkVersion) {
        chain.follow(forks, exitVersion: exitVersion)
        driver.post(.forksChanged(forks))
    }

    /// Checks partial signatures under the public shares they claim, all in one batch.
    ///
    /// - Returns: for each set the first entry whose signature is bad, nil if all hold.
    func firstBad(in sets: [ParSignedDataSet]) async throws -> [EntryKey?] {
        let domains = chain.domains
        var bad: [EntryKey?] = sets.map { _ in nil }
        var claims: [(set: Int, key: EntryKey, claim: SignatureVerifier.Claim)] = []
        for (position, set) in sets.enumerated() {
            for (key, partial) in set.sorted(by: { $0.key < $1.key }) {
                if let claim = keys.claim(partial, key, domains) {
                    claims.append((position, key, claim))
                } else {
                    bad[position] = bad[position] ?? key
                }
            }
        }
        let verdicts = try await verdicts(on: claims.map(\.claim))
        for (claim, holds) in zip(claims, verdicts) where !holds { bad[claim.set] = bad[claim.set] ?? claim.key }
        return bad
    }

    /// Tells for each whether the cluster signed it.
    func hold(_ proofs: [ClusterProof]) async throws -> [Bool] {
        let domains = chain.domains
        var claims: [(place: Int, claim: SignatureVerifier.Claim)] = []
        for (place, proof) in proofs.enumerated() {
            guard let key = keys.groupKey(proof.pubKey) else { continue }
            let root = domains.signingRoot(of: proof.data)
            claims.append((place, .init(key: key, signature: proof.data.signature, root: root)))
        }
        var holds = proofs.map { _ in false }
        for (claim, verdict) in zip(claims, try await verdicts(on: claims.map(\.claim))) {
            holds[claim.place] = verdict
        }
        return holds
    }

    /// - Throws: 503 when too many wait already.
    private func verdicts(on claims: [SignatureVerifier.Claim]) async throws -> [Bool] {
        let verdicts: [Bool]? = await withCheckedContinuation { continuation in
            let isAdmitted = verifier.verify(claims) { continuation.resume(returning: $0) }
            if !isAdmitted { continuation.resume(returning: nil) }
        }
        guard let verdicts else { throw ValidatorAPIRefusal.unavailable("too many signatures wait to be checked") }
        return verdicts
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
