import CBlst
import SSZ

/// A public key or public share: a point of G1 that passed `KeyValidate` (on the curve, in the subgroup,
/// not infinity). Holds the decoded point, so that a key kept costs nothing to verify with again.
/// Encoding: 48 bytes, compressed, ZCash flags. Equality and order of identity are those of the bytes.
package struct PublicKey: Sendable {
    package static let byteCount = 48
    package let bytes: Bytes48
    let point: blst_p1_affine

    /// Decodes and validates, about 70 µs.
    /// Throws `badEncoding`, `notOnCurve`, `notInSubgroup` or `infinity`.
    package init(_ bytes: Bytes48) throws(BLSError) {
        var point = blst_p1_affine()
        try check(blst_p1_uncompress(&point, bytes.bytes))
        guard !blst_p1_affine_is_inf(&point) else { throw .infinity }
        guard blst_p1_affine_in_g1(&point) else { throw .notInSubgroup }
        self.bytes = bytes
        self.point = point
    }

    /// As above for bytes of unknown count; throws `wrongLength` too.
    package init(bytes: some Collection<UInt8>) throws(BLSError) {
        guard let exact = Bytes48(bytes) else {
            throw .wrongLength(expected: Self.byteCount, actual: bytes.count)
        }
        try self.init(exact)
    }

    /// `point` is known to be valid: it was computed from valid ones and is not infinity.
    init(checked point: blst_p1_affine) {
        self.point = point
        bytes = point.compressed
    }

    /// A computed point; throws `infinity`.
    init(_ point: blst_p1) throws(BLSError) {
        guard !point.isInfinity else { throw .infinity }
        self.init(checked: point.affine)
    }
}

extension PublicKey: Hashable, CustomStringConvertible {
    package static func == (left: PublicKey, right: PublicKey) -> Bool { left.bytes == right.bytes }
    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
    package var description: String { bytes.description }
}

/// blst's result code as an error.
func check(_ code: BLST_ERROR) throws(BLSError) {
    switch code {
    case BLST_SUCCESS: return
    case BLST_POINT_NOT_ON_CURVE: throw .notOnCurve
    case BLST_POINT_NOT_IN_GROUP: throw .notInSubgroup
    case BLST_PK_IS_INFINITY: throw .infinity
    default: throw .badEncoding
    }
}
