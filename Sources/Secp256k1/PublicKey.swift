import CSecp256k1
import SSZ

/// A point of secp256k1, always valid. Equal, hashed and ordered as its 33 compressed bytes.
package struct PublicKey: Sendable {
    /// The longest DER signature: two 33-byte integers with their headers.
    static let derBytesMax = 72
    /// The shortest one: two one-byte integers.
    static let derBytesMin = 8

    /// 02 or 03, then X big-endian.
    package let compressed: Bytes33
    /// The library's decoded form; opaque, never compared.
    private let point: secp256k1_pubkey

    init(_ point: secp256k1_pubkey) {
        self.point = point
        guard let bytes = Bytes33(Self.serialize(point, count: 33, flags: SECP256K1_EC_COMPRESSED)) else {
            preconditionFailure("33 bytes")
        }
        compressed = bytes
    }

    /// - Parameter bytes: 33 bytes starting 02 or 03, or 65 starting 04; hybrid forms (06, 07) are refused.
    package init(_ bytes: some Collection<UInt8>) throws(Secp256k1Error) {
        switch (bytes.count, bytes.first) {
        case (33, 2), (33, 3), (65, 4): break
        default: throw .invalidPublicKey
        }
        var point = secp256k1_pubkey()
        let input = Array(bytes)
        guard secp256k1_ec_pubkey_parse(Context.shared, &point, input, input.count) == 1 else {
            throw .invalidPublicKey
        }
        self.init(point)
    }

    /// 04, then X and Y big-endian: 65 bytes.
    package var uncompressed: [UInt8] { Self.serialize(point, count: 65, flags: SECP256K1_EC_UNCOMPRESSED) }

    /// The key that made the signature. Any key signs for some digest: compare the result with the expected one.
    ///
    /// - Parameter signature: R ‖ S ‖ V with V 0, 1, 27 or 28. High S is accepted, as Charon does.
    package static func recover(digest: Bytes32, signature: Bytes65) throws(Secp256k1Error) -> PublicKey {
        let recoveryID: Int32
        switch signature[64] {
        case 0, 27: recoveryID = 0
        case 1, 28: recoveryID = 1
        case let other: throw .invalidRecoveryID(other)
        }
        var parsed = secp256k1_ecdsa_recoverable_signature()
        guard
            secp256k1_ecdsa_recoverable_signature_parse_compact(
                Context.shared, &parsed, signature.bytes, recoveryID) == 1
        else { throw .invalidSignature }
        var point = secp256k1_pubkey()
        guard secp256k1_ecdsa_recover(Context.shared, &point, &parsed, digest.bytes) == 1 else {
            throw .invalidSignature
        }
        return PublicKey(point)
    }

    /// By recovery, so V must be right too.
    package func verify(digest: Bytes32, signature65 signature: Bytes65) -> Bool {
        guard let signer = try? Self.recover(digest: digest, signature: signature) else { return false }
        return signer == self
    }

    /// R ‖ S, exactly 64 bytes, high S accepted: the form inside an ENR.
    package func verify64(digest: Bytes32, signature: some Collection<UInt8>) -> Bool {
        guard signature.count == 64 else { return false }
        var parsed = secp256k1_ecdsa_signature()
        guard secp256k1_ecdsa_signature_parse_compact(Context.shared, &parsed, Array(signature)) == 1 else {
            return false
        }
        return verify(digest, &parsed)
    }

    /// libp2p's `Verify`: strict DER over SHA-256 of the message, high S accepted as go-libp2p does.
    package func verifyDER(message: some Collection<UInt8>, signature: some Collection<UInt8>) -> Bool {
        guard (Self.derBytesMin...Self.derBytesMax).contains(signature.count) else { return false }
        var parsed = secp256k1_ecdsa_signature()
        let input = Array(signature)
        guard secp256k1_ecdsa_signature_parse_der(Context.shared, &parsed, input, input.count) == 1 else {
            return false
        }
        return verify(SHA256.hash(message), &parsed)
    }

    private func verify(_ digest: Bytes32, _ signature: inout secp256k1_ecdsa_signature) -> Bool {
        // The library refuses high S; the field accepts both halves, so bring S down first.
        var low = secp256k1_ecdsa_signature()
        secp256k1_ecdsa_signature_normalize(Context.shared, &low, &signature)
        return withUnsafePointer(to: point) {
            secp256k1_ecdsa_verify(Context.shared, &low, digest.bytes, $0) == 1
        }
    }

    private static func serialize(_ point: secp256k1_pubkey, count: Int, flags: Int32) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        var written = count
        let done = withUnsafePointer(to: point) {
            secp256k1_ec_pubkey_serialize(Context.shared, &output, &written, $0, UInt32(flags))
        }
        precondition(done == 1 && written == count, "a valid point serialises")
        return output
    }
}

extension PublicKey: Hashable, Comparable, CustomStringConvertible {
    package static func == (left: Self, right: Self) -> Bool { left.compressed == right.compressed }
    package static func < (left: Self, right: Self) -> Bool { left.compressed < right.compressed }
    package func hash(into hasher: inout Hasher) { hasher.combine(compressed) }
    package var description: String { compressed.hex }
}
