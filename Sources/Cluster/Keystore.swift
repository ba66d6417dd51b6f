import BLS
import CryptoExtras
import Foundation
import SSZ
import Secp256k1

/// One BLS secret in a password-protected file (EIP-2335, version 4). Source: spec/cluster-files.md §15.
///
/// Passwords, derived keys and secrets are overwritten after use wherever this code holds them. What it cannot reach:
/// the copy of a derived key inside swift-crypto, Unicode forms of a password inside Foundation, and the password of a
/// keystore that is being written, which goes to the disk beside it anyway.
package enum Keystore {
    /// How much work a password guess takes.
    package enum Cost: Sendable {
        case secure
        /// For throwaway test networks.
        case insecure

        var rounds: Int { self == .secure ? 1 << 18 : 1 << 4 }
    }

    /// The random parts of one keystore, and its password. Drawn beforehand, so that encryption can run in parallel.
    package struct Seed: Sendable {
        fileprivate let salt: [UInt8]
        fileprivate let iv: [UInt8]
        fileprivate let uuid: [UInt8]
        /// 32 lower-case hex characters, unless given.
        package let password: [UInt8]

        /// - Parameter password: nil for a random one.
        package init(password: [UInt8]? = nil, using generator: inout some RandomNumberGenerator) {
            func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in generator.next() } }
            salt = bytes(32)
            iv = bytes(16)
            uuid = bytes(16)
            self.password = password ?? Array(Hex.encodeBare(bytes(16)).utf8)
        }

        /// All parts given: salt of 32 bytes, iv and uuid of 16.
        init(salt: [UInt8], iv: [UInt8], uuid: [UInt8], password: [UInt8]) {
            self.salt = salt
            self.iv = iv
            self.uuid = uuid
            self.password = password
        }
    }

    /// The file's bytes: PBKDF2 and AES-128-CTR, one-space indent, no trailing newline. `cost` times 30 ms / 2^18.
    package static func encrypt(_ key: SecretKey, cost: Cost, _ seed: Seed) throws(ClusterError) -> [UInt8] {
        let derivation = KeyDerivation.pbkdf2(salt: seed.salt, rounds: cost.rounds)
        let derived = try derivation.derive(password: normalized(seed.password))
        let ciphertext = try key.withSecretBytes { secret throws(ClusterError) in
            var secret = Array(secret)
            defer { secret.erase() }
            return try KeystoreContent.applyCipher(to: secret, derived, iv: seed.iv)
        }
        let checksum = KeystoreContent.checksum(derived, ciphertext)
        let json: JSONValue = [
            "crypto": [
                "checksum": [
                    "function": "sha256", "message": bare(checksum.bytes), "params": [:],
                ],
                "cipher": [
                    "function": "aes-128-ctr", "message": bare(ciphertext), "params": ["iv": bare(seed.iv)],
                ],
                "kdf": derivation.json,
            ],
            "description": "",
            "pubkey": bare(key.publicKey.bytes.bytes),
            "path": "m/12381/3600/0/0/0",
            // Version bits are not set, as Charon leaves them.
            "uuid": .string(UUIDText.format(seed.uuid)),
            "version": 4,
        ]
        return Array(json.text(indent: " ").utf8)
    }

    /// Opens a keystore of any maker: PBKDF2, scrypt or no derivation, any cost within bounds. `pubkey` and `path` are
    /// not looked at.
    package static func decrypt(_ json: [UInt8], password: [UInt8]) throws(ClusterError) -> SecretKey {
        try KeystoreContent(json: json).open(password: password)
    }

    /// NFKD, without ASCII control characters: a newline at the end of a password file does no harm.
    ///
    /// The caller erases the result. Of a password beyond ASCII Foundation keeps copies that nobody can erase.
    static func normalized(_ password: [UInt8]) -> [UInt8] {
        guard !password.allSatisfy({ $0 < 0x80 }) else { return withoutControls(password) }
        let text = String(decoding: password, as: UTF8.self).decomposedStringWithCompatibilityMapping
        return withoutControls(text.utf8)
    }

    /// In UTF-8 every byte below 0x80 is a character of its own.
    private static func withoutControls(_ text: some Collection<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        // Room for all of it: growing would leave copies behind.
        kept.reserveCapacity(text.count)
        for byte in text where byte >= 0x20 && byte != 0x7f { kept.append(byte) }
        return kept
    }

    private static func bare(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encodeBare(bytes)) }
}
