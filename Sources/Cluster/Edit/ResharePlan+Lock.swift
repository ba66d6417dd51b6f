import BLS

extension ResharePlan {
    /// The new cluster's definition: without accounts and signatures, for nobody has signed this one.
    package func definition() throws(ClusterError) -> Definition {
        var definition = lock.definition
        definition.creator = Creator()
        definition.operators = operators.map { Operator(enr: $0.enr) }
        definition.threshold = threshold
        return try definition.withHashes()
    }

    /// The new lock, hashed, without signatures. Keys, deposits and registrations of the validators stay.
    ///
    /// - Parameter publicShares: by validator in lock order, then by operator in the new order.
    package func lock(publicShares: [[BLS.PublicKey]]) throws(ClusterError) -> Lock {
        guard publicShares.count == lock.validators.count else {
            throw .field("public shares", "of \(publicShares.count) validators, the lock has \(lock.validators.count)")
        }
        var new = lock
        new.definition = try definition()
        new.signatureAggregate = []
        new.nodeSignatures = []
        for (v, shares) in publicShares.enumerated() {
            guard shares.count == new.definition.operators.count else {
                throw .field(
                    "public shares of validator \(v)",
                    "\(shares.count) for \(new.definition.operators.count) operators")
            }
            new.validators[v].publicShares = shares.map { $0.bytes.bytes }
        }
        return try new.withHashes()
    }

    /// - Parameters:
    ///   - aggregate: of the signatures of all new key shares over the lock hash.
    ///   - nodeSignatures: by participant; nil for who leaves.
    package func signed(
        _ unsigned: Lock, aggregate: BLS.Signature, nodeSignatures: [[UInt8]?]
    ) throws(ClusterError) -> Lock {
        guard nodeSignatures.count == participants.count else {
            throw .field("node signatures", "\(nodeSignatures.count) for \(participants.count) participants")
        }
        var signed = unsigned
        signed.signatureAggregate = aggregate.bytes.bytes
        guard signed.definition.version.hasNodeSignatures else { return signed }
        var bySeat: [Int: [UInt8]] = [:]
        for (participant, signature) in zip(participants, nodeSignatures) {
            if let new = participant.seat.new { bySeat[new] = signature }
        }
        for seat in signed.definition.operators.indices {
            guard let signature = bySeat[seat] else { throw .field("node signatures", "none of operator \(seat)") }
            signed.nodeSignatures.append(signature)
        }
        return signed
    }
}
