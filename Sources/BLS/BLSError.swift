/// What can be wrong with keys, signatures and shares. Nothing secret is carried.
package enum BLSError: Error, Hashable, Sendable {
    /// A key or signature of the wrong size; all sizes are exact.
    case wrongLength(expected: Int, actual: Int)
    /// Bad flag bits or a coordinate not below the field modulus.
    case badEncoding
    case notOnCurve
    /// On the curve, outside the prime-order subgroup.
    case notInSubgroup
    /// The point at infinity, decoded or computed: no key and no signature may be it.
    case infinity
    /// A scalar not below the group order.
    case scalarTooLarge
    /// Zero as a secret key or share.
    case zeroSecret
    /// HKDF key material shorter than 32 bytes.
    case keyMaterialTooShort(Int)
    /// Aggregation or recovery of nothing.
    case emptySet
    /// Share indexes are 1 through `shareIndexMax`.
    case shareIndexOutOfRange(Int)
    /// Splitting needs 2 <= threshold <= shares <= `shareIndexMax`.
    case badThreshold(threshold: Int, shares: Int)
    /// Well formed, but not a signature of this message by this key.
    case signatureNotVerified
}
