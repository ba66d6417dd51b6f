import CBlst
import SSZ

/// A signature, partial or whole: a point of G2, in the subgroup and not infinity. That says nothing about
/// who signed what. Encoding: 96 bytes, compressed, ZCash flags. Equality is that of the bytes.
package struct Signature: Sendable {
    package static let byteCount = 96
    package let bytes: Bytes96
    let point: blst_p2_affine

    /// Decodes and checks the subgroup, about 85 µs.
    /// Throws `badEncoding`, `notOnCurve`, `notInSubgroup` or `infinity`.
    ///
    /// The subgroup check is done on every point by itself. Checking one random combination of many points
    /// instead would be unsound: the cofactor of G2 is divisible by 13^2 and 23^2, and a combination misses
    /// a component of order 13 once in 13 tries whatever the size of the coefficients. Such a component
    /// passes the pairing check, yet spoils the group signature. Eighteen combinations with coefficients
    /// below 13 would reach 2^-64, and save little for batches of our size.
    package init(_ bytes: Bytes96) throws(BLSError) {
        var point = blst_p2_affine()
        try check(blst_p2_uncompress(&point, bytes.bytes))
        guard !blst_p2_affine_is_inf(&point) else { throw .infinity }
        guard blst_p2_affine_in_g2(&point) else { throw .notInSubgroup }
        self.bytes = bytes
        self.point = point
    }

    /// As above for bytes of unknown count; throws `wrongLength` too.
    package init(bytes: some Collection<UInt8>) throws(BLSError) {
        guard let exact = Bytes96(bytes) else {
            throw .wrongLength(expected: Self.byteCount, actual: bytes.count)
        }
        try self.init(exact)
    }

    /// `point` is known to be valid: it was computed from valid ones and is not infinity.
    init(checked point: blst_p2_affine) {
        self.point = point
        bytes = point.compressed
    }

    /// A computed point; throws `infinity`.
    init(_ point: blst_p2) throws(BLSError) {
        guard !point.isInfinity else { throw .infinity }
        self.init(checked: point.affine)
    }
}

extension Signature: Hashable, CustomStringConvertible {
    package static func == (left: Signature, right: Signature) -> Bool { left.bytes == right.bytes }
    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
    package var description: String { bytes.description }
}
