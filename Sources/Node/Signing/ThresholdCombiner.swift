import BLS
import DutyWorkflow
import Ethereum
import SSZ

/// Recovers group signatures from shares and checks them under the validators' keys, on all crypto threads; on failure
/// names the shares that do not belong.
package struct ThresholdCombiner: Sendable {
    /// Groups in one part, under 10 ms, and groups below which another pairing check is not worth its hand-off.
    private static let partMax = 64
    private static let partMin = 16
    /// Pairings spent on naming one operator's bad shares of one call. An operator who sent that many loses its others
    /// of the failed groups as well.
    private static let pairingsMax = 64

    private let keys: ShareKeys
    private let chain: ChainView
    private let threads: CryptoThreads
    let verifier: SignatureVerifier

    package init(keys: ShareKeys, chain: ChainView, threads: CryptoThreads, verifier: SignatureVerifier) {
        self.keys = keys
        self.chain = chain
        self.threads = threads
        self.verifier = verifier
    }

    private typealias Entry = (key: EntryKey, group: PartialGroup)

    /// - Parameters:
    ///   - groups: at least a threshold of shares each.
    ///   - done: called on a crypto thread; groups of validators that are not ours are left out.
    package func combine(
        _ groups: [EntryKey: PartialGroup], done: @escaping @Sendable ([EntryKey: Recovery]) -> Void
    ) {
        let entries: [Entry] = groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        // One view for all of a call: what it finds bad must not be so by a fork that moved meanwhile.
        let domains = chain.domains
        threads.split(entries.count, least: Self.partMin, most: Self.partMax, .own) { range in
            recover(entries[range], domains)
        } done: { parts in
            var results: [EntryKey: Recovery] = [:]
            for (key, signature) in parts.flatMap(\.recovered) { results[key] = .signature(signature.bytes) }
            let failed = parts.flatMap(\.failed)
            guard !failed.isEmpty else { return done(results) }
            let recovered = results
            nameBadShares(of: failed, domains) { bad in
                done(recovered.merging(bad.mapValues { .badShares($0) }) { recovered, _ in recovered })
            }
        }
    }

    private func recover(
        _ entries: ArraySlice<Entry>, _ domains: SigningDomains
    ) -> (recovered: [(EntryKey, Signature)], failed: [Entry]) {
        let known = entries.compactMap { entry in keys.groupKey(entry.key.pubKey).map { (entry, $0) } }
        var recovery = RecoveryBatch()
        for (entry, _) in known { recovery.add { () throws(BLSError) in try points(of: entry.group) } }
        var failed: [Entry] = []
        var batch = SignatureBatch()
        var batched: [Entry] = []
        for ((entry, key), outcome) in zip(known, recovery.recover()) {
            switch outcome {
            case .success(let signature):
                batch.add(signature, by: key, over: domains.signingRoot(of: entry.group.data))
                batched.append(entry)
            case .failure: failed.append(entry)
            }
        }
        var recovered: [(EntryKey, Signature)] = []
        for (entry, outcome) in zip(batched, batch.verify()) {
            switch outcome {
            case .success(let signature): recovered.append((entry.key, signature))
            case .failure: failed.append(entry)
            }
        }
        return (recovered, failed)
    }

    private func points(of group: PartialGroup) throws(BLSError) -> [Int: UncheckedSignature] {
        var points: [Int: UncheckedSignature] = [:]
        for (share, signature) in group.signatures {
            points[share.rawValue] = try verifier.takePoint(of: signature)
        }
        return points
    }

    // MARK: - Bad shares

    /// One batch for each operator: those of honest ones cost one pairing check, whatever the others sent.
    private func nameBadShares(
        of failed: [Entry], _ domains: SigningDomains, done: @escaping @Sendable ([EntryKey: [ShareIndex]]) -> Void
    ) {
        let shares = Set(failed.flatMap { $0.group.signatures.keys }).sorted()
        threads.gather(shares.map { share in { (share, badEntries(of: share, failed, domains)) } }, .own) { parts in
            var bad = Dictionary(uniqueKeysWithValues: failed.map { ($0.key, [ShareIndex]()) })
            for (share, entries) in parts {
                for key in entries { bad[key]?.append(share) }
            }
            done(bad)
        }
    }

    private func badEntries(
        of share: ShareIndex, _ failed: [Entry], _ domains: SigningDomains
    ) -> [EntryKey] {
        var bad: [EntryKey] = []
        var batch = SignatureBatch()
        var batched: [EntryKey] = []
        for (entry, group) in failed {
            guard let signature = group.signatures[share] else { continue }
            guard let key = keys.publicShare(entry.pubKey, share) else {
                bad.append(entry)
                continue
            }
            batch.add(signature, by: key, over: domains.signingRoot(of: group.data))
            batched.append(entry)
        }
        for (entry, outcome) in zip(batched, batch.verify(pairings: Self.pairingsMax)) {
            if case .failure = outcome { bad.append(entry) }
        }
        return bad
    }
}
