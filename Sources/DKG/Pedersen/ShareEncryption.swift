import BLS
import Crypto
import Foundation

/// A key share encrypted to a node key: R ‖ ciphertext ‖ tag, 96 bytes. Source: spec/dkg.md §8.2, "ECIES".
enum ShareEncryption {
    private static let nonceBytes = 12
    private static let tagBytes = 16
    private static let byteCount = PublicKey.byteCount + SecretKey.byteCount + tagBytes

    /// - Parameter ephemeral: drawn for this share alone.
    static func seal(_ share: SecretKey, to key: PublicKey, ephemeral: SecretKey) -> [UInt8] {
        let (secret, nonce) = derive(ephemeral, key)
        do {
            let box = try share.withSecretBytes { bytes throws in
                try AES.GCM.seal(bytes, using: secret, nonce: AES.GCM.Nonce(data: nonce))
            }
            return ephemeral.publicKey.bytes.bytes + box.ciphertext + box.tag
        } catch {
            preconditionFailure("AES-GCM seals 32 bytes with a key of 32 and a nonce of 12")
        }
    }

    /// Nil unless it was sealed to this key and holds a canonical scalar other than zero.
    static func open(_ sealed: [UInt8], with key: SecretKey) -> SecretKey? {
        guard sealed.count == byteCount, let ephemeral = try? PublicKey(bytes: sealed[..<PublicKey.byteCount]) else {
            return nil
        }
        let (secret, nonce) = derive(key, ephemeral)
        let tagStart = byteCount - tagBytes
        guard
            let box = try? AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: nonce), ciphertext: sealed[PublicKey.byteCount..<tagStart],
                tag: sealed[tagStart...]),
            var plain = try? AES.GCM.open(box, using: secret)
        else { return nil }
        defer { plain.resetBytes(in: plain.startIndex..<plain.endIndex) }
        return try? SecretKey(bytes: plain)
    }

    /// AES key and nonce: HKDF-SHA256 of the shared point.
    private static func derive(_ secret: SecretKey, _ key: PublicKey) -> (key: SymmetricKey, nonce: [UInt8]) {
        let derived = secret.withSharedPoint(key) { point in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: point), outputByteCount: SecretKey.byteCount + nonceBytes)
        }
        return derived.withUnsafeBytes { bytes in
            (SymmetricKey(data: bytes[..<SecretKey.byteCount]), Array(bytes[SecretKey.byteCount...]))
        }
    }
}
