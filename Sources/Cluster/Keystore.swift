import BLS
import CryptoExtras
import Foundation
import SSZ
import Secp256k1

/// One BLS secret in a password-protected file (EIP-2335, version 4). Source: spec/cluster-files.md §15.
package enum Keystore {
    static let fileBytesMax = 64 << 10

    /// How much work a password guess takes.
    package enum Cost: Sendable {
        case secure
        /// For throwaway test networks.
        case insecure

        fileprivate var rounds: Int { self == .secure ? 1 << 18 : 1 << 4 }
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
    }

    /// The file's bytes: PBKDF2 and AES-128-CTR, one-space indent, no trailing newline. `cost` times 54 ms / 2^18.
    package static func encrypt(_ key: SecretKey, cost: Cost, _ seed: Seed) throws(ClusterError) -> [UInt8] {
        let derivation = KeyDerivation.pbkdf2(salt: seed.salt, rounds: cost.rounds, byteCount: 32)
        let derived = try derivation.derive(password: normalized(seed.password))
        let ciphertext = try key.withSecretBytes { secret throws(ClusterError) in
            try applyCipher(to: Array(secret), derived, iv: seed.iv)
        }
        let json: JSONValue = [
            "crypto": [
                "checksum": [
                    "function": "sha256", "message": bare(checksum(derived, ciphertext).bytes), "params": [:],
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

    /// Opens a keystore of any maker: PBKDF2 or scrypt, any cost within bounds. `pubkey` and `path` are not looked at.
    package static func decrypt(_ json: [UInt8], password: [UInt8]) throws(ClusterError) -> SecretKey {
        let file = try JSONMembers(JSONValue(clusterFile: json, bytesMax: fileBytesMax), path: "")
        let crypto = try file.members("crypto")
        let cipher = try crypto.members("cipher")
        guard try cipher.string("function") == "aes-128-ctr" else {
            throw .field(cipher.path("function"), "only aes-128-ctr is known")
        }
        let iv: FixedBytes<16> = try cipher.members("params").fixed("iv")
        let ciphertext: Bytes32 = try cipher.fixed("message")
        let checksumMembers = try crypto.members("checksum")
        guard try checksumMembers.string("function") == "sha256" else {
            throw .field(checksumMembers.path("function"), "only sha256 is known")
        }
        let expected: Root = try checksumMembers.fixed("message")

        let derived = try KeyDerivation(crypto.members("kdf")).derive(password: normalized(password))
        guard checksum(derived, ciphertext.bytes) == expected else {
            throw .field(checksumMembers.path("message"), "the password does not open this keystore")
        }
        var secret = try applyCipher(to: ciphertext.bytes, derived, iv: iv.bytes)
        defer { secret.erase() }
        guard let key = try? SecretKey(bytes: secret) else {
            throw .field(cipher.path("message"), "holds no BLS secret key")
        }
        return key
    }

    /// NFKD, without ASCII control characters: a newline at the end of a password file does no harm.
    static func normalized(_ password: [UInt8]) -> [UInt8] {
        let isControl: (UInt8) -> Bool = { $0 < 0x20 || $0 == 0x7f }
        guard !password.allSatisfy({ $0 < 0x80 }) else { return password.filter { !isControl($0) } }
        let text = String(decoding: password, as: UTF8.self).decomposedStringWithCompatibilityMapping
        // In UTF-8 every byte below 0x80 is a character of its own.
        return text.utf8.filter { !isControl($0) }
    }

    private static func checksum(_ derived: SymmetricKey, _ ciphertext: [UInt8]) -> Root {
        var input = derived.withUnsafeBytes { Array($0[16..<32]) } + ciphertext
        defer { input.erase() }
        return SSZ.SHA256.hash(input)
    }

    /// AES-128 in counter mode; encryption and decryption are the same.
    private static func applyCipher(to bytes: [UInt8], _ derived: SymmetricKey, iv: [UInt8]) throws(ClusterError)
        -> [UInt8]
    {
        var input = bytes
        defer { input.erase() }
        do {
            let key = derived.withUnsafeBytes { SymmetricKey(data: $0[..<16]) }
            var output = try AES._CTR.encrypt(input, using: key, nonce: AES._CTR.Nonce(nonceBytes: iv))
            defer { output.resetBytes(in: output.startIndex..<output.endIndex) }
            return Array(output)
        } catch {
            throw .field("crypto.cipher", "\(error)")
        }
    }

    private static func bare(_ bytes: [UInt8]) -> JSONValue { .string(Hex.encodeBare(bytes)) }
}
