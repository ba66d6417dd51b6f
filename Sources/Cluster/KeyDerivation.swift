import CryptoExtras
import Foundation
import SSZ
import Secp256k1

/// How a keystore turns its password into a key: 32 bytes, the first 16 for the cipher, the others for the checksum.
///
/// Costs beyond any honest file are refused: they would hang the start, or eat the memory. A longer derived key
/// (`dklen`) costs nothing: both functions make it in independent blocks, and only the first 32 bytes are made here.
enum KeyDerivation: Hashable, Sendable {
    /// No derivation: the password is the key. Keystores whose secret came out of another derivation are like this.
    case password
    /// With HMAC-SHA256.
    case pbkdf2(salt: [UInt8], rounds: Int)
    case scrypt(salt: [UInt8], n: Int, r: Int, p: Int)

    static let keyBytes = 32
    private static let saltBytesMax = 1024
    /// About 15 s.
    private static let roundsMax = 1 << 26
    /// n · r · p: memory and, at once, time; four times that of EIP-2335, so about 5 s.
    private static let scryptBytesMax = 1 << 30
    /// Above it swift-crypto grants scrypt too little memory. Everybody writes 8.
    private static let blockSizeMax = 16

    init(_ members: JSONMembers) throws(ClusterError) {
        let function = try members.required("function", known: ["pbkdf2", "scrypt"])
        let parameters = try members.members("params")
        let salt = try parameters.hex("salt", bytesMax: Self.saltBytesMax)
        guard !salt.isEmpty else { throw .field(parameters.path("salt"), "is missing") }
        let byteCount = try parameters.count("dklen", max: Int(UInt32.max))
        guard byteCount >= Self.keyBytes else {
            throw .field(parameters.path("dklen"), "\(byteCount) is less than \(Self.keyBytes)")
        }
        if function == "pbkdf2" {
            _ = try parameters.required("prf", known: ["hmac-sha256"])
            let rounds = try parameters.count("c", max: Self.roundsMax)
            guard rounds >= 1 else { throw .field(parameters.path("c"), "must be at least 1") }
            self = .pbkdf2(salt: salt, rounds: rounds)
        } else {
            let n = try parameters.count("n", max: 1 << 26)
            let r = try parameters.count("r", max: Self.blockSizeMax)
            let p = try parameters.count("p", max: 64)
            guard n >= 2, n & (n - 1) == 0 else { throw .field(parameters.path("n"), "must be a power of two") }
            guard r >= 1, p >= 1, 128 * n * r * p <= Self.scryptBytesMax else {
                throw .field(parameters.path, "scrypt would take more than \(Self.scryptBytesMax >> 20) MiB")
            }
            self = .scrypt(salt: salt, n: n, r: r, p: p)
        }
    }

    /// What `derive` holds while it runs.
    var memoryBytes: Int {
        switch self {
        case .password, .pbkdf2: 0
        case .scrypt(_, let n, let r, let p): 128 * r * (n + p + 2)
        }
    }

    /// Takes the normalised password and erases it. The result erases itself; the copy that swift-crypto makes of it on
    /// the way does not.
    func derive(password: consuming [UInt8]) throws(ClusterError) -> SymmetricKey {
        var password = password
        defer { password.erase() }
        do {
            switch self {
            case .password:
                guard password.count >= Self.keyBytes else {
                    throw ClusterError.field(
                        "crypto.kdf", "is missing, so the password is the key; it must have 32 bytes or more")
                }
                return SymmetricKey(data: password)
            case .pbkdf2(let salt, let rounds):
                return try KDF.Insecure.PBKDF2.deriveKey(
                    from: password, salt: salt, using: .sha256, outputByteCount: Self.keyBytes,
                    unsafeUncheckedRounds: rounds)
            case .scrypt(let salt, let n, let r, let p):
                return try KDF.Scrypt.deriveKey(
                    from: password, salt: salt, outputByteCount: Self.keyBytes, rounds: n, blockSize: r,
                    parallelism: p)
            }
        } catch let error as ClusterError {
            throw error
        } catch {
            throw .field("crypto.kdf", "\(error)")
        }
    }

    /// As Charon writes it.
    var json: JSONValue {
        switch self {
        case .password: .null
        case .pbkdf2(let salt, let rounds):
            [
                "function": "pbkdf2", "message": "",
                "params": [
                    "c": JSONValue(rounds), "dklen": JSONValue(Self.keyBytes), "prf": "hmac-sha256",
                    "salt": .string(Hex.encodeBare(salt)),
                ],
            ]
        case .scrypt(let salt, let n, let r, let p):
            [
                "function": "scrypt", "message": "",
                "params": [
                    "dklen": JSONValue(Self.keyBytes), "n": JSONValue(n), "p": JSONValue(p), "r": JSONValue(r),
                    "salt": .string(Hex.encodeBare(salt)),
                ],
            ]
        }
    }
}
