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
        try places(of: entries, ofPeer: peer).mapValues(\.key)
    }

    /// `match`, with the files.
    package func places(of entries: [KeystoreDirectory.Entry], ofPeer peer: Int) throws(ClusterError)
        -> [Int: KeystoreDirectory.Entry]
    {
        var places: [BLS.PublicKey: (validator: Int, peer: Int)] = [:]
        for (v, validator) in validators.enumerated() {
            for (p, share) in validator.shares.enumerated() { places[share] = (v, p) }
        }
        var found: [Int: KeystoreDirectory.Entry] = [:]
        for entry in entries {
            let publicKey = entry.key.publicKey
            guard let place = places[publicKey] else {
                throw .inFile(
                    entry.path, .field("share", "\(publicKey.bytes) is no key share of any validator in the lock"))
            }
            guard place.peer == peer else {
                throw .inFile(
                    entry.path,
                    .field(
                        "share", "belongs to operator \(place.peer) of validator \(place.validator), not to this node"))
            }
            if let other = found.updateValue(entry, forKey: place.validator) {
                throw .inFile(
                    entry.path, .field("share", "the same as in \(other.path), of validator \(place.validator)"))
            }
        }
        return found
    }
}
