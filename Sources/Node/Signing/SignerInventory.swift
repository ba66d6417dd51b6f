import DutyWorkflow
import Ethereum
import RemoteSigner

/// Which key shares of the cluster the operator's remote signers list, and what is wrong with that.
struct SignerInventory: Hashable, Sendable {
    enum Finding: Hashable, Sendable {
        /// No signer has the key share of this operator. All of them have told their keys.
        case missing([PubKey], of: Int)
        /// Not one key share of this operator is there.
        case nothing(of: Int)
        /// A signer has key shares of another operator.
        case foreign(signer: String, PeerIndex, count: Int)
    }

    let findings: [Finding]
    /// Key shares of this operator that a signer has.
    let found: Int
    let total: Int

    init(_ lists: SignerClient.Lists, keys: ShareKeys) {
        let shares = keys.shares
        let own = keys.own.rawValue - 1
        let listed = lists.reduce(into: Set<PubShare>()) { $0.formUnion($1.keys ?? []) }
        let missing = shares.filter { !$0.value.indices.contains(own) || !listed.contains($0.value[own]) }.keys.sorted()
        total = shares.count
        found = total - missing.count
        var findings: [Finding] = []
        if lists.allSatisfy({ $0.keys != nil }), !missing.isEmpty {
            findings.append(found == 0 ? .nothing(of: total) : .missing(missing, of: total))
        }
        var owners: [PubShare: Int] = [:]
        for share in shares.values.flatMap({ $0.enumerated() }) where share.offset != own {
            owners[share.element] = share.offset
        }
        for list in lists {
            var counts: [Int: Int] = [:]
            for key in list.keys ?? [] { if let owner = owners[key] { counts[owner, default: 0] += 1 } }
            for (owner, count) in counts.sorted(by: { $0.key < $1.key }) {
                findings.append(.foreign(signer: list.signer, PeerIndex(owner), count: count))
            }
        }
        self.findings = findings
    }
}
