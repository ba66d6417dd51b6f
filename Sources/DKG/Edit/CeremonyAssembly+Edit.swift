import BLS
import Cluster
import SSZ

extension CeremonyAssembly {
    /// Whose key shares sign: old validators before new ones.
    func signers(_ kind: SignatureKind, _ plan: CeremonyPlan) -> [ValidatorKeys] {
        guard kind == .lockHash, case .addition(let addition, let shares?, _) = plan.edit else { return keys }
        let old = zip(addition.keys.validators, shares).map { validator, share in
            ValidatorKeys(key: validator.publicKey, share: share, publicShares: validator.shares)
        }
        return old + keys
    }

    /// The lock that comes out, hashed, without signatures.
    ///
    /// - Parameter new: the validators whose keys were made.
    func unsigned(_ new: [DistributedValidator], _ plan: CeremonyPlan) throws(ClusterError) -> Lock {
        if let addition = plan.edit?.addition { return try addition.lock(adding: new) }
        var lock = Lock()
        lock.definition = plan.definition
        lock.validators = new
        return try lock.withHashes()
    }

    /// Our shares of all validators that are ours to keep.
    func shares(_ plan: CeremonyPlan) -> [SecretKey] {
        let new = keys.map(\.share)
        guard case .addition(_, let shares?, _) = plan.edit else { return new }
        return shares + new
    }

    /// - Parameter new: of the validators whose keys were made.
    func depositFiles(_ new: [DepositDataFile], _ plan: CeremonyPlan) throws(ClusterError) -> [DepositDataFile] {
        guard case .addition(_, _, let old) = plan.edit else { return new }
        var merged: [DepositDataFile] = []
        for (old, new) in zip(old, new) { merged.append(try old.merged(with: new)) }
        return merged
    }
}
