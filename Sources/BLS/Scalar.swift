import CBlst
import SSZ

/// A number modulo the group order that everybody may know: a challenge, the response of a proof.
/// Encoding: 32 bytes, big-endian, reduced. May be zero.
package struct Scalar: Hashable, Sendable {
    package let bytes: Bytes32

    /// Throws `scalarTooLarge` unless reduced.
    package init(_ bytes: Bytes32) throws(BLSError) {
        var scalar = blst_scalar()
        blst_scalar_from_bendian(&scalar, bytes.bytes)
        guard blst_scalar_fr_check(&scalar) else { throw .scalarTooLarge }
        self.bytes = bytes
    }

    /// `hash_to_field` with one 48-byte element: expand_message_xmd with SHA-256 (RFC 9380, section 5.3.1),
    /// big-endian, modulo the group order. `tag` has at most 255 bytes.
    package init(hashing message: some Collection<UInt8>, tag: String) {
        let wide = expand(message, tag: tag, to: 48)
        var scalar = blst_scalar()
        _ = blst_scalar_from_be_bytes(&scalar, wide, wide.count)  // false for zero, which is allowed here
        self.init(reduced: scalar)
    }

    init(reduced scalar: blst_scalar) {
        var bytes = [UInt8](repeating: 0, count: 32)
        withUnsafePointer(to: scalar) { blst_bendian_from_scalar(&bytes, $0) }
        guard let exact = Bytes32(bytes) else { preconditionFailure("32 bytes are 32 bytes") }
        self.bytes = exact
    }

    package var isZero: Bool { bytes == .zero }

    var scalar: blst_scalar {
        var scalar = blst_scalar()
        blst_scalar_from_bendian(&scalar, bytes.bytes)
        return scalar
    }
}
