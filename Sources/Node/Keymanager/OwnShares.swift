import Cluster
import DutyWorkflow
import Ethereum

/// This operator's key shares as the lock has them, and what to say of other keys.
struct OwnShares: Sendable {
    private let own: Int
    private let places: [PubShare: (validator: Int, peer: Int)]
    /// In the lock's order.
    private let rows: [(pubKey: PubKey, share: PubShare)]
    private let positions: [PubKey: Int]

    init(_ keys: ClusterKeys, own: PeerIndex) {
        self.own = own.rawValue
        rows = keys.validators.map { ($0.publicKey.bytes, $0.shares[own.rawValue].bytes) }
        positions = Dictionary(rows.enumerated().map { ($1.pubKey, $0) }, uniquingKeysWith: { first, _ in first })
        var places: [PubShare: (validator: Int, peer: Int)] = [:]
        for (v, validator) in keys.validators.enumerated() {
            for (p, share) in validator.shares.enumerated() { places[share.bytes] = (v, p) }
        }
        self.places = places
    }

    /// Whose share of this operator a key is.
    func validator(of share: PubShare) -> PubKey? {
        places[share].flatMap { $0.peer == own ? rows[$0.validator].pubKey : nil }
    }

    /// - Precondition: a validator of the lock.
    func share(of pubKey: PubKey) -> PubShare {
        guard let position = positions[pubKey] else { preconditionFailure("a validator of the lock") }
        return rows[position].share
    }

    /// Of a validator in the lock.
    func position(of pubKey: PubKey) -> Int? { positions[pubKey] }

    var pubKeys: Set<PubKey> { Set(positions.keys) }

    /// Whose key this is in a history: a validator's own, or anybody's share of it. Another operator's share only makes
    /// us more careful.
    func validator(inHistory key: PubKey) -> PubKey? {
        positions[key] != nil ? key : places[key].map { rows[$0.validator].pubKey }
    }

    /// Why a key is no share of this operator, for people.
    func objection(to key: PubShare) -> String {
        if positions[key] != nil {
            return "this is the public key of a whole validator; name this operator's key share of it, "
                + share(of: key).hex
        }
        guard let place = places[key] else { return "this key belongs to no validator in the cluster lock" }
        return "this is the key share of operator \(place.peer) of validator \(rows[place.validator].pubKey.hex);"
            + " this node signs with those of operator \(own)"
    }
}
