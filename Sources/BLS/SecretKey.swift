import CBlst
import SSZ

/// A secret key, or a share of one: a scalar s with 0 < s < r. Zeroed when released.
///
/// A class, so that the scalar has one address. Multiplications by it take constant time (blst).
/// Encoding: 32 bytes, big-endian.
package final class SecretKey: Sendable {
    package static let byteCount = 32
    let scalar: SecretMemory<blst_scalar>

    /// `scalar` is checked: between 1 and r - 1.
    init(checked scalar: SecretMemory<blst_scalar>) {
        self.scalar = scalar
    }

    /// 32 bytes, big-endian. Throws `wrongLength`, `scalarTooLarge` (not reduced) or `zeroSecret`.
    /// The caller wipes its own copy.
    package convenience init(bytes: some Collection<UInt8>) throws(BLSError) {
        guard bytes.count == Self.byteCount else {
            throw .wrongLength(expected: Self.byteCount, actual: bytes.count)
        }
        let (copy, scalar) = (SecretMemory(copying: bytes), SecretMemory<blst_scalar>())
        blst_scalar_from_bendian(scalar.pointer, copy.pointer)
        guard blst_scalar_fr_check(scalar.pointer) else { throw .scalarTooLarge }
        guard blst_sk_check(scalar.pointer) else { throw .zeroSecret }
        self.init(checked: scalar)
    }

    /// `KeyGen` of draft-irtf-cfrg-bls-signature-05, section 2.3: HKDF of at least 32 secret bytes.
    /// The same as `derive_master_SK` of EIP-2333.
    package convenience init(keyMaterial: some Collection<UInt8>) throws(BLSError) {
        guard keyMaterial.count >= 32 else { throw .keyMaterialTooShort(keyMaterial.count) }
        let (copy, scalar) = (SecretMemory(copying: keyMaterial), SecretMemory<blst_scalar>())
        blst_keygen(scalar.pointer, copy.pointer, copy.count, nil, 0)
        self.init(checked: scalar)
    }

    /// A fresh key from the system's generator.
    package static func random() -> SecretKey {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// A fresh key. Outside tests the generator must be cryptographically secure.
    package static func random(using generator: inout some RandomNumberGenerator) -> SecretKey {
        SecretKey(checked: .random(using: &generator))
    }

    /// The scalar from a field element; throws `zeroSecret`.
    convenience init(_ element: SecretMemory<blst_fr>) throws(BLSError) {
        let scalar = SecretMemory<blst_scalar>()
        blst_scalar_from_fr(scalar.pointer, element.pointer)
        guard blst_sk_check(scalar.pointer) else { throw .zeroSecret }
        self.init(checked: scalar)
    }

    /// The scalar as a field element (Montgomery form).
    var element: SecretMemory<blst_fr> {
        let element = SecretMemory<blst_fr>()
        blst_fr_from_scalar(element.pointer, scalar.pointer)
        return element
    }

    /// Computed on every call, about 0.1 ms: keep the result.
    package var publicKey: PublicKey {
        var point = blst_p1_affine()
        blst_sk_to_pk2_in_g1(nil, &point, scalar.pointer)
        return PublicKey(checked: point)
    }

    /// The signature over `message`, about 0.4 ms.
    package func sign(
        _ message: some Collection<UInt8>, ciphersuite: Ciphersuite = .proofOfPossession
    ) -> Signature {
        sign(ciphersuite.hash(message))
    }

    /// The signature over a message that was hashed before.
    func sign(_ hash: blst_p2) -> Signature {
        var point = blst_p2_affine()
        withUnsafePointer(to: hash) { blst_sign_pk2_in_g1(nil, &point, $0, scalar.pointer) }
        return Signature(checked: point)
    }

    /// The signature over a signing root or hash, about 0.4 ms.
    package func sign(_ root: Bytes32) -> Signature { sign(root.bytes) }

    /// Lends the 32 big-endian bytes; the buffer is wiped afterwards.
    package func withSecretBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let bytes = SecretMemory<UInt8>(count: Self.byteCount)
        blst_bendian_from_scalar(bytes.pointer, scalar.pointer)
        defer { withExtendedLifetime(bytes) {} }
        return try body(UnsafeRawBufferPointer(start: bytes.pointer, count: bytes.count))
    }

    /// A copy of the 32 big-endian bytes that nobody wipes: for keystores and the wire only.
    package func exposedBytes() -> [UInt8] { withSecretBytes { Array($0) } }
}

extension SecretKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "SecretKey(hidden)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
