import CBlst
import SSZ

extension PublicKey {
    /// Whether `signature` is this key's over `message`; about 1 ms. Many at once: `SignatureBatch`.
    package func verify(
        _ signature: Signature, over message: some Collection<UInt8>,
        ciphersuite: Ciphersuite = .proofOfPossession
    ) -> Bool {
        var product = PairingProduct()
        product.multiply(point, ciphersuite.hash(message).affine)
        product.divide(bySignature: signature.point)
        return product.value.isOne
    }

    /// Whether `signature` is this key's over a signing root or hash.
    package func verify(_ signature: Signature, over root: Bytes32) -> Bool {
        verify(signature, over: root.bytes)
    }
}

extension Signature {
    /// `FastAggregateVerify`: whether this is the sum of the signatures of all `keys` over one message.
    /// Keys may repeat. False for no keys and for keys that cancel out.
    package func fastAggregateVerify(_ keys: [PublicKey], over message: some Collection<UInt8>) -> Bool {
        guard let key = try? PublicKey.aggregate(keys) else { return false }
        return key.verify(self, over: message)
    }

    package func fastAggregateVerify(_ keys: [PublicKey], over root: Bytes32) -> Bool {
        fastAggregateVerify(keys, over: root.bytes)
    }

    /// `AggregateVerify`: whether this is the sum of each key's signature over its own message.
    /// Messages may repeat (all keys have proven possession). False for no pairs.
    package func aggregateVerify(_ pairs: [(key: PublicKey, message: [UInt8])]) -> Bool {
        guard !pairs.isEmpty else { return false }
        var product = PairingProduct()
        for pair in pairs {
            product.multiply(pair.key.point, Ciphersuite.proofOfPossession.hash(pair.message).affine)
        }
        product.divide(bySignature: point)
        return product.value.isOne
    }

    /// Plain sum, no coefficients. Throws `emptySet`, or `infinity` when they cancel out.
    package static func aggregate(_ signatures: [Signature]) throws(BLSError) -> Signature {
        guard !signatures.isEmpty else { throw .emptySet }
        return try Signature(signatures.map(\.point).withUnsafeBufferPointer { blst_p2.sum($0) })
    }
}

extension PublicKey {
    /// Plain sum, no coefficients. Throws `emptySet`, or `infinity` when they cancel out.
    package static func aggregate(_ keys: [PublicKey]) throws(BLSError) -> PublicKey {
        guard !keys.isEmpty else { throw .emptySet }
        return try PublicKey(keys.map(\.point).withUnsafeBufferPointer { blst_p1.sum($0) })
    }
}
