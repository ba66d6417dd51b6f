import BLS

extension ClusterKeys {
    /// Which validators these keystores belong to, for commands that accept less than all of them
    /// (`--allow-incomplete-keystores`): by public key, whatever their numbers. 0.1 ms each.
    ///
    /// - Parameter peer: this node's peer index.
    /// - Returns: by position of the validator in the lock.
    package func match(_ entries: [KeystoreDirectory.Entry], ofPeer peer: Int) throws(ClusterError)
        -> [Int: SecretKey]
    {
        let (places, faults) = usable(entries, ofPeer: peer)
        if let fault = faults.first { throw fault.error }
        return places.mapValues(\.key)
    }

    /// As `match`, with the files, and without those that are of no use to this node.
    package func usable(
        _ entries: [KeystoreDirectory.Entry], ofPeer peer: Int
    ) -> (places: [Int: KeystoreDirectory.Entry], faults: [KeystoreDirectory.Fault]) {
        var owners: [BLS.PublicKey: (validator: Int, peer: Int)] = [:]
        for (v, validator) in validators.enumerated() {
            for (p, share) in validator.shares.enumerated() { owners[share] = (v, p) }
        }
        var places: [Int: KeystoreDirectory.Entry] = [:]
        var faults: [KeystoreDirectory.Fault] = []
        for entry in entries {
            let publicKey = entry.key.publicKey
            let reason: String
            switch owners[publicKey] {
            case nil:
                reason =
                    "\(publicKey.bytes) is no key share of any validator in the lock; point --validator-keys-dir to"
                    + " this operator's key shares of this cluster"
            case let owner? where owner.peer != peer:
                reason =
                    "belongs to operator \(owner.peer) of validator \(owner.validator), not to this node; point"
                    + " --validator-keys-dir to the key shares of operator \(peer), whose identity key this node has"
            case let owner?:
                guard let other = places[owner.validator] else {
                    places[owner.validator] = entry
                    continue
                }
                reason = "the same as in \(other.path), of validator \(owner.validator)"
            }
            faults.append(
                .init(path: entry.path, index: entry.index, error: .inFile(entry.path, .field("share", reason))))
        }
        return (places, faults)
    }
}
