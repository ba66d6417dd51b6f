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
                results[pubKey] = .badShares(badShares(pubKey, group))
            }
        }
        for (pubKey, outcome) in zip(batched, batch.verify()) {
            switch outcome {
            case .success(let signature): results[pubKey] = .signature(signature.bytes)
            case .failure: results[pubKey] = .badShares(badShares(pubKey, groups[pubKey] ?? []))
            }
        }
        return results
    }

    private func badShares(_ pubKey: PubKey, _ group: [ParSignedData]) -> [ShareIndex] {
        group.filter { partial in
            guard let key = keys.publicShare(pubKey, partial.shareIndex),
                let point = try? Signature(partial.data.signature)
            else { return true }
            return !key.verify(point, over: domains.signingRoot(of: partial.data))
        }.map(\.shareIndex)
    }
}
