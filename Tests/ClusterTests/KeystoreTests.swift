import BLS
import Cluster
import SSZ
import TestSupport
import Testing

@Suite struct KeystoreTests {
    /// The secret and password of EIP-2335's own test vectors.
    static let secret = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
    static let password = Array("𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑".utf8)
    static let pbkdf2 = json(
        kdf: """
            {"function": "pbkdf2", "message": "", "params": {"dklen": 32, "c": 262144, "prf": "hmac-sha256",
             "salt": "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"}}
            """,
        checksum: "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
        cipher: "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad")
    static let scrypt = json(
        kdf: """
            {"function": "scrypt", "message": "", "params": {"dklen": 32, "n": 262144, "p": 1, "r": 8,
             "salt": "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"}}
            """,
        checksum: "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
        cipher: "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f")

    static func json(kdf: String, checksum: String, cipher: String) -> String {
        """
        {"crypto": {"kdf": \(kdf),
          "checksum": {"function": "sha256", "params": {}, "message": "\(checksum)"},
          "cipher": {"function": "aes-128-ctr", "params": {"iv": "264daa3f303d7259501c93d997d84fe6"},
           "message": "\(cipher)"}},
         "description": "a test vector", "path": "m/12381/60/3141592653/589793238",
         "pubkey": "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07",
         "uuid": "64625def-3331-4eea-ab6f-782f3ed16a83", "version": 4}
        """
    }

    @Test("opens the vectors of EIP-2335", arguments: [pbkdf2, scrypt])
    func knownAnswers(json: String) throws {
        let key = try Keystore.decrypt(Array(json.utf8), password: Self.password)
        #expect(Hex.encodeBare(key.exposedBytes()) == Self.secret)
        #expect(
            key.publicKey.bytes.hex
                == "0x9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07")
    }

    @Test("opens Charon's scrypt keystore", .enabled(if: Vectors.has("cluster/charon/eth2util/keystore/testdata")))
    func charonScrypt() throws {
        let folder = "cluster/charon/eth2util/keystore/testdata"
        let password = try Vectors.data("\(folder)/keystore-scrypt.txt")
        let key = try Keystore.decrypt(Vectors.data("\(folder)/keystore-scrypt.json"), password: password)
        #expect(
            Hex.encodeBare(key.exposedBytes()) == "10b16fc552aa607fa1399027f7b86ab789077e470b5653b338693dc2dde02468")
    }

    @Test("what is written opens with its password only, a newline after it does no harm")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 3)
        let key = SecretKey.random(using: &generator)
        let seed = Keystore.Seed(using: &generator)
        let json = try Keystore.encrypt(key, cost: .insecure, seed)
        #expect(seed.password.count == 32)
        #expect(try Keystore.decrypt(json, password: seed.password).publicKey == key.publicKey)
        #expect(try Keystore.decrypt(json, password: seed.password + [0x0d, 0x0a]).publicKey == key.publicKey)
        for wrong in [[], Array(seed.password.dropLast()), seed.password + [0x20]] {
            let error = #expect(throws: ClusterError.self) { try Keystore.decrypt(json, password: wrong) }
            #expect(error?.description.contains("the password does not open this keystore") == true)
        }
    }

    @Test("the file has Charon's layout")
    func layout() throws {
        var generator = SeededGenerator(seed: 4)
        let key = try SecretKey(bytes: Hex.decode(Self.secret, bytesMax: 32))
        let text = String(decoding: try Keystore.encrypt(key, cost: .secure, .init(using: &generator)), as: UTF8.self)
        // Random parts blanked.
        var pattern = ""
        var inHex = false
        for part in text.split(separator: "\"", omittingEmptySubsequences: false) {
            inHex = part.count >= 32 && part.allSatisfy { $0.isHexDigit || $0 == "-" }
            pattern += (pattern.isEmpty ? "" : "\"") + (inHex ? "<\(part.count)>" : String(part))
        }
        #expect(
            pattern == """
                {
                 "crypto": {
                  "checksum": {
                   "function": "sha256",
                   "message": "<64>",
                   "params": {}
                  },
                  "cipher": {
                   "function": "aes-128-ctr",
                   "message": "<64>",
                   "params": {
                    "iv": "<32>"
                   }
                  },
                  "kdf": {
                   "function": "pbkdf2",
                   "message": "",
                   "params": {
                    "c": 262144,
                    "dklen": 32,
                    "prf": "hmac-sha256",
                    "salt": "<64>"
                   }
                  }
                 },
                 "description": "",
                 "pubkey": "<96>",
                 "path": "m/12381/3600/0/0/0",
                 "uuid": "<36>",
                 "version": 4
                }
                """)
        let uuid = try #require(JSONValue(parsing: text)["uuid"]?.string)
        #expect(uuid == uuid.uppercased() && uuid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
    }

    @Test(
        "passwords are normalised: compatibility forms, no control characters",
        arguments: [
            ("plain", "plain"), ("a\u{7f}b\nc", "abc"), ("\u{fb01}\u{2460}Å", "fi1A\u{30a}"),
            ("\u{0085}é", "\u{0085}e\u{301}"),
        ])
    func normalisation(password: String, equivalent: String) throws {
        var generator = SeededGenerator(seed: 3)
        let key = SecretKey.random(using: &generator)
        let json = try Keystore.encrypt(key, cost: .insecure, .init(password: Array(password.utf8), using: &generator))
        #expect(try Keystore.decrypt(json, password: Array(equivalent.utf8)).publicKey == key.publicKey)
    }

    /// Path, new value (nil removes), and a part of the expected complaint.
    @Test(
        "refuses malformed and extravagant files",
        arguments: [
            ("crypto", nil, "crypto: is missing"), ("crypto/kdf/function", "argon2", "\"argon2\" is not known"),
            ("crypto/kdf/params/dklen", 31, "31 is less than 32"),
            ("crypto/kdf/params/dklen", .number("4294967296"), "from 0 to 4294967295"),
            ("version", 3, "Ethereum account"),
            ("crypto/kdf/params/prf", "hmac-sha512", "\"hmac-sha512\" is not known, only hmac-sha256"),
            ("crypto/kdf/params/c", 0, "at least 1"),
            ("crypto/kdf/params/c", .number("99999999999"), "from 0 to"), ("crypto/kdf/params/c", -1, "from 0 to"),
            ("crypto/kdf/params/salt", "0xzz", "not a hex digit"),
            ("crypto/kdf/params/salt", .string(String(repeating: "00", count: 1025)), "more than 1024 bytes"),
            ("crypto/cipher/function", "aes-256-gcm", "only aes-128-ctr"),
            ("crypto/cipher/params/iv", "00", "expected 16 bytes"),
            ("crypto/cipher/message", "00", "expected 32 bytes"),
            ("crypto/checksum/function", "crc32", "only sha256"),
            ("crypto/checksum/message", "00", "expected 32 bytes"), ("crypto/checksum/message", nil, "is missing"),
        ] as [(String, JSONValue?, String)])
    func malformed(path: String, value: JSONValue?, complaint: String) throws {
        var generator = SeededGenerator(seed: 3)
        let seed = Keystore.Seed(using: &generator)
        let json = try JSONValue(parsing: Keystore.encrypt(.random(using: &generator), cost: .insecure, seed))
        let bytes = json.replacing(path.split(separator: "/").map(String.init), with: value).bytes()
        let error = #expect(throws: ClusterError.self) { try Keystore.decrypt(bytes, password: seed.password) }
        #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
    }

    @Test(
        "refuses scrypt that would eat the memory",
        arguments: [
            (3, 8, 1), (0, 8, 1), (1, 8, 1), (1 << 20, 64, 1), (1 << 18, 8, 64), (1 << 18, 0, 1), (1 << 18, 8, 0),
            (1 << 40, 8, 1), (2, 17, 1),
        ])
    func scryptBounds(n: Int, r: Int, p: Int) throws {
        let json = try JSONValue(parsing: Self.scrypt)
            .replacing(["crypto", "kdf", "params", "n"], with: JSONValue(n))
            .replacing(["crypto", "kdf", "params", "r"], with: JSONValue(r))
            .replacing(["crypto", "kdf", "params", "p"], with: JSONValue(p))
        let error = #expect(throws: ClusterError.self) { try Keystore.decrypt(json.bytes(), password: Self.password) }
        #expect(error?.description.contains("crypto.kdf.params") == true, "\(String(describing: error))")
    }

    /// Made with Python's hashlib and cryptography; the password is "password" and fits.
    @Test(
        "refuses a secret that is no key: zero and the group order",
        arguments: [
            """
            {"crypto": {"kdf": {"function": "pbkdf2", "params": {"dklen": 32, "c": 3, "prf": "hmac-sha256",
              "salt": "f9194e73f9e9459e3450ea10a179cdf77aafa695beecd3b9344a98d111622243"}},
             "checksum": {"function": "sha256",
              "message": "563979a790f7b515fa6adb7c2cb217dab27b7b48330a62330b3f7f2eeae5edc8"},
             "cipher": {"function": "aes-128-ctr", "params": {"iv": "927c18a9c94500a3af4f190efea3a8bf"},
              "message": "e3b71796dbbcc879dbd71da0a2b93d5ee1f547dfea6d1d5ac24cdeaa6f77fbc7"}}}
            """,
            """
            {"crypto": {"kdf": {"function": "pbkdf2", "params": {"dklen": 32, "c": 3, "prf": "hmac-sha256",
              "salt": "3eeb7e96e59ce40f9cb1a089daba079fd699f6867a30f6634af8570967b2375a"}},
             "checksum": {"function": "sha256",
              "message": "ed78cde3addc9eddc7d9a5665fb8b4d17ec683e77022504b55bc1a5a45e9b665"},
             "cipher": {"function": "aes-128-ctr", "params": {"iv": "0b54849cff24336f27de6eedd435afff"},
              "message": "3a925390e073cfd9ee0b678837920e3c1426f6917e8c7588f97138218535e02f"}}}
            """,
        ])
    func noKey(json: String) {
        let error = #expect(throws: ClusterError.self) {
            try Keystore.decrypt(Array(json.utf8), password: Array("password".utf8))
        }
        #expect(error?.description.contains("holds no BLS secret key") == true)
    }

    @Test("only the first 32 bytes of a longer derived key count")
    func longDerivedKey() throws {
        let json =
            """
            {"crypto": {"kdf": {"function": "pbkdf2", "params": {"dklen": 64, "c": 3, "prf": "hmac-sha256",
              "salt": "222b0bd51fcef7e65c2e62db2ed65457013bab56be6fafeb19ee11d453153c80"}},
             "checksum": {"function": "sha256",
              "message": "948d33a96bc5a09c52d87db8328d2fc40551d9ee9025655764bd1e4401a64590"},
             "cipher": {"function": "aes-128-ctr", "params": {"iv": "785ec2cf1199779cb1593eac85d7465d"},
              "message": "19bfebcadb13e04d39b2ca1cebc81ba8f60b9c8e8a1cfc9ff755c972f5b36941"}}}
            """
        let key = try Keystore.decrypt(Array(json.utf8), password: Array("password\n".utf8))
        #expect(key.exposedBytes() == [UInt8](repeating: 0, count: 31) + [5])
    }
}
