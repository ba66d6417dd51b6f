import Cluster
import Ethereum

/// What is wrong with the key shares that this node found in keystores.
struct KeystoreInventory: Hashable, Sendable {
    /// A keystore that does not sign.
    struct Useless: Hashable, Sendable {
        let file: String
        /// Whose share should be in it, by its number; nil if it has none, or another file has that share.
        let validator: PubKey?
        let reason: String
    }

    let useless: [Useless]
    /// Validators that nothing is signed for, in the lock's order.
    let missing: [PubKey]
    let total: Int

    /// - Parameter validators: of the lock, in its order.
    init(_ opened: OpenedShares, validators: [PubKey]) {
        total = validators.count
        missing = validators.filter { opened.keys[$0] == nil }
        useless = opened.faults.map { fault in
            let numbered = fault.index.flatMap { validators.indices.contains($0) ? validators[$0] : nil }
            return Useless(
                file: fault.path, validator: numbered.flatMap { opened.keys[$0] == nil ? $0 : nil },
                reason: "\(fault.error)")
        }
    }
}
