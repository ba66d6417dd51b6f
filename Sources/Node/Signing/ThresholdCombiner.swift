import BLS
import DutyWorkflow
import Ethereum
import SSZ

/// Recovers group signatures from shares and checks them under the validators' keys; on failure names the shares that
/// do not belong. Runs on a crypto thread.
struct ThresholdCombiner: Sendable {
    let keys: ShareKeys
    let domains: SigningDomains
    let verifier: SignatureVerifier

    /// - Parameter groups: shares over one message per validator, at least a threshold of them.
    func combine(_ groups: [PubKey: [ParSignedData]]) -> [PubKey: Recovery] {
        let order = groups.keys.sorted()
        var failed: [PubKey] = []
        var batch = SignatureBatch()
        var batched: [PubKey] = []
        var results: [PubKey: Recovery] = [:]
        for pubKey in order {
            guard let group = groups[pubKey], let first = group.first, let key = keys.groupKey(pubKey) else { continue }
            do {
                let points = try Dictionary(
                    group.map { ($0.shareIndex.rawValue, try verifier.point(of: $0.data.signature)) },
                    uniquingKeysWith: { first, _ in first })
                batch.add(try Signature.recover(from: points), by: key, over: domains.signingRoot(of: first.data))
                batched.append(pubKey)
            } catch {
                failed.append(pubKey)
            }
        }
        for (pubKey, outcome) in zip(batched, batch.verify()) {
            switch outcome {
            case .success(let signature): results[pubKey] = .signature(signature.bytes)
            case .failure: failed.append(pubKey)
            }
        }
        for (pubKey, bad) in badShares(of: failed, groups) { results[pubKey] = .badShares(bad) }
        return results
    }

    /// All shares of the groups that failed, in one batch: most of them are good.
    private func badShares(of failed: [PubKey], _ groups: [PubKey: [ParSignedData]]) -> [PubKey: [ShareIndex]] {
        var bad: [PubKey: [ShareIndex]] = [:]
        var batch = SignatureBatch()
        var batched: [(PubKey, ShareIndex)] = []
        for pubKey in failed {
            bad[pubKey] = []
            for partial in groups[pubKey] ?? [] {
                guard let key = keys.publicShare(pubKey, partial.shareIndex) else {
                    bad[pubKey]?.append(partial.shareIndex)
                    continue
                }
                batch.add(partial.data.signature, by: key, over: domains.signingRoot(of: partial.data))
                batched.append((pubKey, partial.shareIndex))
            }
        }
        for ((pubKey, share), outcome) in zip(batched, batch.verify()) {
            if case .failure = outcome { bad[pubKey]?.append(share) }
        }
        return bad
    }
}
