import CryptoExtras
import Foundation
import SSZ
import Secp256k1

/// How a keystore turns its password into a key: at least 32 bytes, the first 16 for the cipher, the next for the
/// checksum. Costs beyond any honest file are refused: they would hang the start.
enum KeyDerivation {
    /// With HMAC-SHA256.
    case pbkdf2(salt: [UInt8], rounds: Int, byteCount: Int)
    case scrypt(salt: [UInt8], n: Int, r: Int, p: Int, byteCount: Int)

    private static let saltBytesMax = 1024
    private static let roundsMax = 1 << 26
    private static let scryptBytesMax = 1 << 30

    init(_ members: JSONMembers) throws(ClusterError) {
        let parameters = try members.members("params")
        let salt = try parameters.hex("salt", bytesMax: Self.saltBytesMax)
        let byteCount = try parameters.count("dklen", max: 1024)
        guard byteCount >= 32 else { throw .field(parameters.path("dklen"), "\(byteCount) is less than 32") }
        switch try members.string("function") {
        case "pbkdf2":
            let prf = try parameters.string("prf")
            guard prf == "hmac-sha256" else { throw .field(parameters.path("prf"), "only hmac-sha256 is known") }
            let rounds = try parameters.count("c", max: Self.roundsMax)
            guard rounds >= 1 else { throw .field(parameters.path("c"), "must be at least 1") }
            self = .pbkdf2(salt: salt, rounds: rounds, byteCount: byteCount)
        case "scrypt":
            let n = try parameters.count("n", max: 1 << 26)
            let r = try parameters.count("r", max: 64)
            let p = try parameters.count("p", max: 64)
            guard n >= 2, n & (n - 1) == 0 else { throw .field(parameters.path("n"), "must be a power of two") }
            guard r >= 1, p >= 1, 128 * n * r * p <= Self.scryptBytesMax else {
                throw .field(parameters.path, "scrypt would take more than \(Self.scryptBytesMax >> 20) MiB")
            }
            self = .scrypt(salt: salt, n: n, r: r, p: p, byteCount: byteCount)
        case let other: throw .field(members.path("function"), "\"\(other)\" is not known, only pbkdf2 and scrypt")
        }
    }

    /// Takes the normalised password and erases it.
    func derive(password: consuming [UInt8]) throws(ClusterError) -> SymmetricKey {
        var password = password
        defer { password.erase() }
        do {
            switch self {
            case .pbkdf2(let salt, let rounds, let byteCount):
                return try KDF.Insecure.PBKDF2.deriveKey(
                    from: password, salt: salt, using: .sha256, outputByteCount: byteCount,
                    unsafeUncheckedRounds: rounds)
            case .scrypt(let salt, let n, let r, let p, let byteCount):
                return try KDF.Scrypt.deriveKey(
                    from: password, salt: salt, outputByteCount: byteCount, rounds: n, blockSize: r, parallelism: p,
                    maxMemory: 128 * r * (n + p + 2))
            }
        } catch {
            throw .field("crypto.kdf", "\(error)")
        }
    }

    var json: JSONValue {
        let function: JSONValue
        let parameters: JSONValue
        switch self {
        case .pbkdf2(let salt, let rounds, let byteCount):
            function = "pbkdf2"
            parameters = [
                "c": JSONValue(rounds), "dklen": JSONValue(byteCount), "prf": "hmac-sha256",
                "salt": .string(Hex.encodeBare(salt)),
            ]
        case .scrypt(let salt, let n, let r, let p, let byteCount):
            function = "scrypt"
            parameters = [
                "dklen": JSONValue(byteCount), "n": JSONValue(n), "p": JSONValue(p), "r": JSONValue(r),
                "salt": .string(Hex.encodeBare(salt)),
            ]
        }
        return ["function": function, "message": "", "params": parameters]
    }
}
