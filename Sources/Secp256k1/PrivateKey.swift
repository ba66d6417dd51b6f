import CSecp256k1
import Glibc
import SSZ

/// A secret scalar of secp256k1: a node's identity, or an Ethereum account. Zeroised when the last reference goes.
///
/// A class, so that the secret is never copied by assignment. Every signature is deterministic: nonces are those
/// of RFC 6979 with HMAC-SHA256 and no extra data, S is in the low half. Source: spec/cluster-files.md §1.2.
package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    /// 32 bytes, owned, written only in `init` and `deinit`.
    private nonisolated(unsafe) let secret: UnsafeMutablePointer<UInt8>

    /// - Parameter bytes: big-endian, exactly 32, value in 1..n-1.
    package init(_ bytes: some Collection<UInt8>) throws(Secp256k1Error) {
        guard bytes.count == 32 else { throw .invalidPrivateKey }
        let secret = UnsafeMutablePointer<UInt8>.allocate(capacity: 32)
        var end = secret
        for byte in bytes {
            end.initialize(to: byte)
            end += 1
        }
        var point = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_create(Context.shared, &point, secret) == 1 else {
            Self.erase(secret)
            throw .invalidPrivateKey
        }
        self.secret = secret
        publicKey = PublicKey(point)
    }

    deinit { Self.erase(secret) }

    /// A fresh key; the generator must be cryptographically secure outside tests.
    package static func random(using generator: inout some RandomNumberGenerator) -> PrivateKey {
        var candidate = [UInt8](repeating: 0, count: 32)
        defer { candidate.erase() }
        while true {
            for i in candidate.indices { candidate[i] = UInt8.random(in: .min ... .max, using: &generator) }
            // Refused with probability 2^-128 (zero, or not below the group order).
            if let key = try? PrivateKey(candidate) { return key }
        }
    }

    package static func random() -> PrivateKey {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// Lends the 32 big-endian bytes, for writing the key file. Do not let them escape.
    package func withSecretBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        try body(UnsafeBufferPointer(start: secret, count: 32))
    }

    /// R (32) ‖ S (32) ‖ V (1), V = recovery id 0 or 1.
    package func sign(digest: Bytes32) -> Bytes65 {
        var signature = secp256k1_ecdsa_recoverable_signature()
        let signed = secp256k1_ecdsa_sign_recoverable(
            Context.shared, &signature, digest.bytes, secret, secp256k1_nonce_function_rfc6979, nil)
        precondition(signed == 1, "a checked key always signs")
        var output = [UInt8](repeating: 0, count: 65)
        var recoveryID: Int32 = 0
        secp256k1_ecdsa_recoverable_signature_serialize_compact(Context.shared, &output, &recoveryID, &signature)
        output[64] = UInt8(recoveryID)
        guard let bytes = Bytes65(output) else { preconditionFailure("65 bytes") }
        return bytes
    }

    /// libp2p's `Sign`: DER (at most 72 bytes) over SHA-256 of the message. Source: spec/p2p.md §1.6.
    package func signDER(message: some Collection<UInt8>) -> [UInt8] {
        var signature = secp256k1_ecdsa_signature()
        let signed = secp256k1_ecdsa_sign(
            Context.shared, &signature, SHA256.hash(message).bytes, secret, secp256k1_nonce_function_rfc6979, nil)
        precondition(signed == 1, "a checked key always signs")
        var count = PublicKey.derBytesMax
        var output = [UInt8](repeating: 0, count: count)
        let written = secp256k1_ecdsa_signature_serialize_der(Context.shared, &output, &count, &signature)
        precondition(written == 1, "a DER signature fits 72 bytes")
        return Array(output.prefix(count))
    }

    private static func erase(_ secret: UnsafeMutablePointer<UInt8>) {
        explicit_bzero(secret, 32)
        secret.deallocate()
    }
}

extension PrivateKey: CustomStringConvertible {
    /// Never the secret, so that a log line or a failed expectation cannot leak it.
    package var description: String { "PrivateKey(public: \(publicKey))" }
}
