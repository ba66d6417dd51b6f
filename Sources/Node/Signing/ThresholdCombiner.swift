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
    func combine(_ groups: [EntryKey: PartialGroup]) -> [EntryKey: Recovery] {
        let order = groups.keys.sorted()
        var failed: [EntryKey] = []
        var batch = SignatureBatch()
        var batched: [EntryKey] = []
        var results: [EntryKey: Recovery] = [:]
        for entry in order {
            guard let group = groups[entry], let key = keys.groupKey(entry.pubKey) else { continue }
            do {
                let points = try Dictionary(
                    uniqueKeysWithValues: group.signatures.map { ($0.key.rawValue, try verifier.point(of: $0.value)) })
                batch.add(try Signature.recover(from: points), by: key, over: domains.signingRoot(of: group.data))
                batched.append(entry)
            } catch {
                failed.append(entry)
            }
        }
        for (entry, outcome) in zip(batched, batch.verify()) {
            switch outcome {
            case .success(let signature): results[entry] = .signature(signature.bytes)
            case .failure: failed.append(entry)
            }
        }
        for (entry, bad) in badShares(of: failed, groups) { results[entry] = .badShares(bad) }
        return results
    }

    /// All shares of the groups that failed, in one batch: most of them are good.
    private func badShares(of failed: [EntryKey], _ groups: [EntryKey: PartialGroup]) -> [EntryKey: [ShareIndex]] {
        var bad: [EntryKey: [ShareIndex]] = [:]
        var batch = SignatureBatch()
        var batched: [(EntryKey, ShareIndex)] = []
        for entry in failed {
            bad[entry] = []
            guard let group = groups[entry] else { continue }
            let root = domains.signingRoot(of: group.data)
            for (share, signature) in group.signatures.sorted(by: { $0.key < $1.key }) {
                guard let key = keys.publicShare(entry.pubKey, share) else {
                    bad[entry]?.append(share)
                    continue
                }
                batch.add(signature, by: key, over: root)
                batched.append((entry, share))
            }
        }
        for ((entry, share), outcome) in zip(batched, batch.verify()) {
            if case .failure = outcome { bad[entry]?.append(share) }
        }
        return bad
    }
}
