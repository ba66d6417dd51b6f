/// Why bytes are not a key or a signature of the curve.
package enum Secp256k1Error: Error, Equatable, Sendable {
    /// A secret key must be 32 big-endian bytes with a value in 1..n-1.
    case invalidPrivateKey
    /// A public key must be a point: 33 bytes starting 02 or 03, or 65 bytes starting 04.
    case invalidPublicKey
    /// The last byte of a 65-byte signature must be 0, 1, 27 or 28.
    case invalidRecoveryID(UInt8)
    /// R and S are zero, not below the group order, or no point belongs to them.
    case invalidSignature
}
