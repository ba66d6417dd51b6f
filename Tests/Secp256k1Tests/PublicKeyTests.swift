import SSZ
import Secp256k1
import Testing

@Suite struct PublicKeyTests {
    static let x = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    static let y = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    let key = PrivateKey.random()
    let digest = SHA256.hash(Array("duty".utf8))

    @Test("compressed and uncompressed forms are one key")
    func forms() throws {
        let key = try PublicKey(bytes("02" + Self.x))
        #expect(try PublicKey(bytes("04" + Self.x + Self.y)) == key)
        #expect(key.compressed.hex == "0x02" + Self.x)
        #expect(Hex.encode(key.uncompressed) == "0x04" + Self.x + Self.y)
        #expect(try PublicKey(bytes("03" + Self.x)) != key)
    }

    @Test(
        "refuses what is not a point",
        arguments: [
            "", "02", "00" + x, "01" + x, "04" + x, "05" + x, "02" + x + "00", "02" + String(x.dropLast(2)),
            // X with no point, and X = the field's prime.
            "02" + String(repeating: "00", count: 31) + "05",
            "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
            // Y of another point; hybrid forms; a compressed prefix on 65 bytes.
            "04" + x + String(y.dropLast(2)) + "b9", "06" + x + y, "07" + x + y, "02" + x + y,
            "04" + x + y + "00",
        ])
    func refuses(encoded: String) throws {
        let bytes = try bytes(encoded)
        #expect(throws: Secp256k1Error.invalidPublicKey) { try PublicKey(bytes) }
    }

    @Test("recovers the signer, also from Ethereum's V")
    func recovers() throws {
        let signature = key.sign(digest: digest)
        #expect(try PublicKey.recover(digest: digest, signature: signature) == key.publicKey)
        let ethereum = try with(signature, byte: 64, signature[64] + 27)
        #expect(try PublicKey.recover(digest: digest, signature: ethereum) == key.publicKey)
        #expect(key.publicKey.verify(digest: digest, signature65: ethereum))
    }

    @Test("refuses other recovery ids", arguments: [2, 3, 4, 26, 29, 30, 255] as [UInt8])
    func refusesRecoveryID(v: UInt8) throws {
        let signature = try with(key.sign(digest: digest), byte: 64, v)
        #expect(throws: Secp256k1Error.invalidRecoveryID(v)) {
            try PublicKey.recover(digest: digest, signature: signature)
        }
        #expect(!key.publicKey.verify(digest: digest, signature65: signature))
    }

    @Test("the wrong V, digest, key or any changed byte does not verify")
    func refusesChanges() throws {
        let signature = key.sign(digest: digest)
        let publicKey = key.publicKey
        #expect(publicKey.verify(digest: digest, signature65: signature))
        #expect(publicKey.verify64(digest: digest, signature: signature.bytes.prefix(64)))
        for i in 0..<65 {
            let changed = try with(signature, byte: i, signature[i] ^ 1)
            #expect(!publicKey.verify(digest: digest, signature65: changed), "byte \(i)")
            if i < 64 { #expect(!publicKey.verify64(digest: digest, signature: changed.bytes.prefix(64)), "byte \(i)") }
        }
        let otherDigest = SHA256.hash(Array("other".utf8))
        #expect(!publicKey.verify(digest: otherDigest, signature65: signature))
        #expect(!publicKey.verify64(digest: otherDigest, signature: signature.bytes.prefix(64)))
        #expect(!PrivateKey.random().publicKey.verify(digest: digest, signature65: signature))
    }

    @Test("high S verifies in every form, as with Charon")
    func acceptsHighS() throws {
        let signature = key.sign(digest: digest)
        let high = try #require(
            Bytes65(signature.bytes.prefix(32) + negated(signature.bytes[32..<64]) + [signature[64] ^ 1]))
        #expect(key.publicKey.verify(digest: digest, signature65: high))
        #expect(key.publicKey.verify64(digest: digest, signature: high.bytes.prefix(64)))
        let message = Array("duty".utf8)  // its SHA-256 is `digest`
        let der = der(Array(high.bytes[0..<32]), Array(high.bytes[32..<64]))
        #expect(key.publicKey.verifyDER(message: message, signature: der))
    }

    @Test(
        "R and S must be in 1..n-1", arguments: [scalar(0), PrivateKeyTests.order, String(repeating: "ff", count: 32)])
    func refusesRange(value: String) throws {
        let signature = key.sign(digest: digest).bytes
        let value = try bytes(value)
        for mutant in [value + signature[32...], signature[..<32] + value + signature[64...]] {
            let bytes = try #require(Bytes65(mutant))
            #expect(throws: Secp256k1Error.invalidSignature) { try PublicKey.recover(digest: digest, signature: bytes) }
            #expect(!key.publicKey.verify64(digest: digest, signature: mutant.prefix(64)))
        }
    }

    @Test("64 bytes means 64", arguments: [0, 1, 63, 65, 1000])
    func refusesLength(count: Int) {
        #expect(!key.publicKey.verify64(digest: digest, signature: [UInt8](repeating: 1, count: count)))
    }

    @Test("DER signatures verify over SHA-256 of the message")
    func verifiesDER() {
        let message = Array("noise-libp2p-static-key:".utf8) + [UInt8](repeating: 7, count: 32)
        let signature = key.signDER(message: message)
        #expect(key.publicKey.verifyDER(message: message, signature: signature))
        #expect(!key.publicKey.verifyDER(message: message.dropLast(), signature: signature))
        #expect(!PrivateKey.random().publicKey.verifyDER(message: message, signature: signature))
    }

    @Test("no prefix, extension or changed byte of a DER signature verifies")
    func refusesDERChanges() {
        let message = Array("duty".utf8)
        let signature = key.signDER(message: message)
        for count in signature.indices {
            #expect(!key.publicKey.verifyDER(message: message, signature: signature.prefix(count)))
        }
        for i in signature.indices {
            for bit in 0..<8 {
                var changed = signature
                changed[i] ^= 1 << bit
                #expect(!key.publicKey.verifyDER(message: message, signature: changed), "byte \(i) bit \(bit)")
            }
        }
        #expect(!key.publicKey.verifyDER(message: message, signature: signature + [0]))
        #expect(!key.publicKey.verifyDER(message: message, signature: [UInt8](repeating: 0x30, count: 5000)))
    }

    @Test("loose DER is refused: padded integers, long lengths, negative values")
    func refusesLooseDER() throws {
        let message = Array("duty".utf8)
        let signature = key.sign(digest: digest).bytes
        let r = Array(signature[0..<32])
        let s = Array(signature[32..<64])
        #expect(key.publicKey.verifyDER(message: message, signature: der(r, s)))
        let strict = der(r, s)
        let body = Array(strict.dropFirst(2))
        #expect(!key.publicKey.verifyDER(message: message, signature: [0x30, 0x81, UInt8(body.count)] + body))
        let rItem = integer(r)
        let sItem = integer(s)
        let padded = [0x02, rItem[1] + 1, 0x00] + rItem.dropFirst(2)
        #expect(!key.publicKey.verifyDER(message: message, signature: sequence(padded + sItem)))
        let negative: [UInt8] = [0x02, 0x20, r[0] | 0x80] + r.dropFirst()
        #expect(!key.publicKey.verifyDER(message: message, signature: sequence(negative + sItem)))
        #expect(!key.publicKey.verifyDER(message: message, signature: sequence(rItem + sItem + [0x02, 0x01, 0x01])))
        #expect(!key.publicKey.verifyDER(message: message, signature: sequence([0x02, 0x00] + sItem)))
    }

    @Test("arbitrary bytes never trap")
    func fuzz() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let count = Int.random(in: 0...80, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            _ = try? PublicKey(bytes)
            if bytes.count > 1 { bytes[0] = 0x30 }
            #expect(!key.publicKey.verifyDER(message: bytes, signature: bytes))
            if let signature = Bytes65(bytes) { #expect(!key.publicKey.verify(digest: digest, signature65: signature)) }
        }
    }

    private func with(_ signature: Bytes65, byte: Int, _ value: UInt8) throws -> Bytes65 {
        var bytes = signature.bytes
        bytes[byte] = value
        return try #require(Bytes65(bytes))
    }
}

/// n minus a big-endian scalar.
private func negated(_ scalar: some RandomAccessCollection<UInt8>) throws -> [UInt8] {
    var result = try bytes(PrivateKeyTests.order)
    var borrow = 0
    for (i, byte) in zip((0..<32).reversed(), scalar.reversed()) {
        let difference = Int(result[i]) - Int(byte) - borrow
        result[i] = UInt8(truncatingIfNeeded: difference)
        borrow = difference < 0 ? 1 : 0
    }
    return result
}

private func der(_ r: [UInt8], _ s: [UInt8]) -> [UInt8] { sequence(integer(r) + integer(s)) }

private func sequence(_ body: [UInt8]) -> [UInt8] { [0x30, UInt8(body.count)] + body }

/// Minimal unsigned DER integer.
private func integer(_ magnitude: [UInt8]) -> [UInt8] {
    var content = Array(magnitude.drop { $0 == 0 })
    if content.first.map({ $0 >= 0x80 }) ?? true { content.insert(0, at: 0) }
    return [0x02, UInt8(content.count)] + content
}
