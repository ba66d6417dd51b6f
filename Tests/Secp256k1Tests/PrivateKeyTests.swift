import SSZ
import Secp256k1
import Testing

@Suite struct PrivateKeyTests {
    /// The group order n.
    static let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

    @Test(
        "derives the public key",
        arguments: [
            // The generator itself, then Charon's ENR test key and the peer-id key of spec/cluster-files.md §1.3.
            (scalar(1), "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
            (
                String(repeating: "01", count: 32),
                "0x031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"
            ),
            (
                "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d",
                "0x03e68acfc0253a10620dff706b0a1b1f1f5833ea3beb3bde2250d5f271f3563606"
            ),
            (scalar(7), "0x025cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4f9bc"),
        ])
    func derivesPublicKey(secret: String, publicKey: String) throws {
        #expect(try PrivateKey(bytes(secret)).publicKey.compressed.hex == publicKey)
    }

    @Test("the largest scalar is a key")
    func largest() throws {
        var largest = try bytes(Self.order)
        largest[31] -= 1
        // n - 1 is minus the generator: same X, other parity.
        #expect(
            try PrivateKey(largest).publicKey.compressed.hex
                == "0x0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    }

    @Test(
        "refuses what is not a scalar",
        arguments: [
            "", "01", scalar(0), order, String(repeating: "ff", count: 32), String(repeating: "01", count: 31),
            String(repeating: "01", count: 33),
        ])
    func refuses(secret: String) throws {
        let bytes = try bytes(secret)
        #expect(throws: Secp256k1Error.invalidPrivateKey) { try PrivateKey(bytes) }
    }

    /// R and S are well-known RFC 6979 answers for this curve, recomputed with coincurve.
    @Test(
        "signs with the nonces of RFC 6979 and low S",
        arguments: [
            (
                scalar(1), "Satoshi Nakamoto",
                "0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
                    + "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e501",
                "0x3045022100934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
                    + "02202442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
            ),
            (
                scalar(1), "All those moments will be lost in time, like tears in rain. Time to die...",
                "0x8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
                    + "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc2100",
                "0x30450221008600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb"
                    + "6b0220547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"
            ),
            (
                String(repeating: "01", count: 32), "",
                "0x279d2c263b2a849a0239c46c99c1282a8b7a81f442ead8f9d07dfece015ef6ab"
                    + "79465627cd6f150d63e47f372e4a5f8f589289521720a1324efb2615a54634ae01",
                "0x30440220279d2c263b2a849a0239c46c99c1282a8b7a81f442ead8f9d07dfece015ef6ab"
                    + "022079465627cd6f150d63e47f372e4a5f8f589289521720a1324efb2615a54634ae"
            ),
        ])
    func signs(secret: String, message: String, signature: String, der: String) throws {
        let key = try PrivateKey(bytes(secret))
        let signed = key.sign(digest: SHA256.hash(Array(message.utf8)))
        #expect(signed.hex == signature)
        #expect(Hex.encode(key.signDER(message: Array(message.utf8))) == der)
    }

    @Test("signs an ENR digest as Charon does, so that the record is a function of the key")
    func signsENR() throws {
        let key = try PrivateKey(bytes(String(repeating: "01", count: 32)))
        let digest = try Bytes32(hex: "bcf5471e3f270dbddf7be48ad46e4a856a10359420642a73748b1b6cabb12a77")
        #expect(
            Hex.encode(key.sign(digest: digest).bytes.prefix(64))
                == "0x4a7e04b84fdf4b6a4c615b47d9f63dd50a58ff6a734ce98484669fcfe3a66e01"
                + "62481e933b5741a3c0ff39d15bc46f3581e8d29530c8f13050619e66edba5e52")
    }

    @Test("a random key is a key, and another each time")
    func random() throws {
        let key = PrivateKey.random()
        let copy = try key.withSecretBytes { secret throws(Secp256k1Error) in try PrivateKey(secret) }
        #expect(copy.publicKey == key.publicKey)
        #expect(PrivateKey.random().publicKey != key.publicKey)
    }

    @Test("a random key is a function of the generator, refused candidates skipped")
    func randomFromGenerator() throws {
        var generator = Words([0, 0, 0, 0, 1])  // first 32 bytes: zero, no key; then 01 and 31 zeros
        let expected = try PrivateKey(bytes("01" + String(repeating: "00", count: 31)))
        #expect(PrivateKey.random(using: &generator).publicKey == expected.publicKey)
    }

    @Test("a description shows no secret")
    func description() throws {
        let key = try PrivateKey(bytes(scalar(7)))
        #expect("\(key)" == "PrivateKey(public: \(key.publicKey.compressed.hex))")
    }
}

/// Yields 32 zero bytes, then a one, then zeros, one byte for each call.
private struct Words: RandomNumberGenerator {
    var calls = 0
    init(_: [UInt64]) {}
    mutating func next() -> UInt64 {
        defer { calls += 1 }
        // `UInt8.random` keeps the low byte of one word.
        return calls == 32 ? 1 : 0
    }
}

func scalar(_ value: UInt8) -> String {
    String(repeating: "00", count: 31) + (value < 16 ? "0" : "") + String(value, radix: 16)
}

func bytes(_ hex: String) throws -> [UInt8] { try Hex.decode(hex, bytesMax: 1024) }
