import BLS
import CryptoExtras
import Foundation
import SSZ
import Secp256k1

/// The encrypted secret of an EIP-2335 keystore, read and checked but not opened. Holds nothing secret.
///
/// Of any maker: `pubkey`, `path`, `uuid` and members nobody knows are not looked at. Source: spec/cluster-files.md §15.
struct KeystoreContent: Hashable, Sendable {
    static let fileBytesMax = 64 << 10

    let derivation: KeyDerivation
    let iv: [UInt8]
    let ciphertext: [UInt8]
    let checksum: Root

    init(json: [UInt8]) throws(ClusterError) {
        try self.init(JSONValue(clusterFile: json, bytesMax: Self.fileBytesMax))
    }

    init(_ json: JSONValue) throws(ClusterError) {
        let file = try JSONMembers(json, path: "")
        guard file.has("crypto") else {
            throw .field("crypto", "is missing: this is no keystore of EIP-2335")
        }
        guard json["version"]?.integer != 3 else {
            throw .field("version", "3 is the keystore of an Ethereum account; that of a validator has version 4")
        }
        let crypto = try file.members("crypto")
        let cipher = try crypto.members("cipher")
        _ = try cipher.required("function", known: ["aes-128-ctr"])
        iv = try cipher.members("params").required("iv", byteCount: 16)
        ciphertext = try cipher.required("message", byteCount: SecretKey.byteCount)
        let checksum = try crypto.members("checksum")
        _ = try checksum.required("function", known: ["sha256"])
        guard let expected = Root(try checksum.required("message", byteCount: 32)) else {
            throw .field(checksum.path("message"), "expected 32 bytes of hex")
        }
        self.checksum = expected
        derivation = try crypto.has("kdf") ? KeyDerivation(crypto.members("kdf")) : .password
    }

    /// Takes as long as the derivation: 30 ms for PBKDF2 at the usual cost, over a second for scrypt.
    ///
    /// - Parameter password: as in its file; normalised here. The caller erases it.
    func open(password: [UInt8]) throws(ClusterError) -> SecretKey {
        let derived = try derivation.derive(password: Keystore.normalized(password))
        guard Self.checksum(derived, ciphertext) == checksum else {
            if case .password = derivation {
                throw .field("crypto.kdf", "is missing, so the password is the key; it does not open this keystore")
            }
            throw .field("checksum", "the password does not open this keystore")
        }
        var secret = try Self.applyCipher(to: ciphertext, derived, iv: iv)
        defer { secret.erase() }
        guard let key = try? SecretKey(bytes: secret) else {
            throw .field("crypto.cipher.message", "holds no BLS secret key")
        }
        return key
    }

    static func checksum(_ derived: SymmetricKey, _ ciphertext: [UInt8]) -> Root {
        var input: [UInt8] = []
        // Room for all of it: growing would leave copies behind.
        input.reserveCapacity(16 + ciphertext.count)
        defer { input.erase() }
        derived.withUnsafeBytes { input.append(contentsOf: $0[16..<32]) }
        input.append(contentsOf: ciphertext)
        return SSZ.SHA256.hash(input)
    }

    /// AES-128 in counter mode; encryption and decryption are the same.
    static func applyCipher(to bytes: [UInt8], _ derived: SymmetricKey, iv: [UInt8]) throws(ClusterError) -> [UInt8] {
        do {
            let key = derived.withUnsafeBytes { SymmetricKey(data: $0[..<16]) }
            var output = try AES._CTR.encrypt(bytes, using: key, nonce: AES._CTR.Nonce(nonceBytes: iv))
            defer { output.resetBytes(in: output.startIndex..<output.endIndex) }
            return Array(output)
        } catch {
            throw .field("crypto.cipher", "\(error)")
        }
    }
}

extension JSONMembers {
    /// One of the names that this release knows.
    func required(_ name: String, known: [String]) throws(ClusterError) -> String {
        guard has(name) else { throw .field(path(name), "is missing, expected \(known.joined(separator: " or "))") }
        let value = try string(name)
        guard known.contains(value) else {
            let shown = JSONValue.string(String(value.prefix(32))).text()
            throw .field(path(name), "\(shown) is not known, only \(known.joined(separator: " and "))")
        }
        return value
    }

    /// Exactly so many bytes of hex.
    func required(_ name: String, byteCount: Int) throws(ClusterError) -> [UInt8] {
        guard has(name) else { throw .field(path(name), "is missing, expected \(byteCount) bytes of hex") }
        let bytes = try hex(name, bytesMax: byteCount)
        guard bytes.count == byteCount else {
            throw .field(path(name), "expected \(byteCount) bytes of hex, got \(bytes.count)")
        }
        return bytes
    }
}
