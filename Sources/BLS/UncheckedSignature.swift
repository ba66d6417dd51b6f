import CBlst
import SSZ

/// A partial signature whose point lies on the curve, maybe outside the subgroup, and is not infinity: good for
/// recovery in a `RecoveryBatch`, which checks the subgroup of what it recovers, and for nothing else.
package struct UncheckedSignature: Sendable {
    package let bytes: Bytes96
    let point: blst_p2_affine

    /// Decodes, about 35 µs. Throws `badEncoding`, `notOnCurve` or `infinity`.
    package init(_ bytes: Bytes96) throws(BLSError) {
        var point = blst_p2_affine()
        try check(blst_p2_uncompress(&point, bytes.bytes))
        guard !blst_p2_affine_is_inf(&point) else { throw .infinity }
        self.bytes = bytes
        self.point = point
    }

    package init(_ signature: Signature) {
        bytes = signature.bytes
        point = signature.point
    }
}
