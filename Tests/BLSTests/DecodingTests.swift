import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct DecodingTests {
    @Test("refuses bad public keys", arguments: KnownAnswers.rows("bad_keys"))
    func badKey(row: JSONValue) throws {
        let bytes = try row.bytes("bytes")
        let error = failure { () throws(BLSError) in try PublicKey(bytes: bytes) }
        #expect(error.map { "\($0)" } == row["error"]?.string, "\(row["name"]?.string ?? "")")
    }

    @Test("refuses bad signatures", arguments: KnownAnswers.rows("bad_signatures"))
    func badSignature(row: JSONValue) throws {
        let bytes = try row.bytes("bytes")
        let error = failure { () throws(BLSError) in try Signature(bytes: bytes) }
        #expect(error.map { "\($0)" } == row["error"]?.string, "\(row["name"]?.string ?? "")")
    }

    @Test("refuses every other length", arguments: [0, 1, 47, 49, 95, 97, 192])
    func lengths(count: Int) {
        let bytes = [UInt8](repeating: 0xC0, count: count)
        #expect(
            failure { () throws(BLSError) in try PublicKey(bytes: bytes) } == .wrongLength(expected: 48, actual: count))
        #expect(
            failure { () throws(BLSError) in try Signature(bytes: bytes) } == .wrongLength(expected: 96, actual: count))
    }

    @Test("what decodes from damaged bytes is canonical", arguments: 0..<8 as Range<UInt64>)
    func damaged(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let secret = SecretKey.random(using: &generator)
        let (goodKey, goodSignature) = (secret.publicKey.bytes.bytes, secret.sign([1]).bytes.bytes)
        for _ in 0..<200 {
            var (key, signature) = (goodKey, goodSignature)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                key[.random(in: 0..<48, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                signature[.random(in: 0..<96, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            if let decoded = try? PublicKey(bytes: key) { #expect(decoded.point.compressed.bytes == key) }
            if let decoded = try? Signature(bytes: signature) { #expect(decoded.point.compressed.bytes == signature) }
        }
    }

    @Test("equality and hash are those of the bytes")
    func equality() throws {
        let key = SecretKey.random()
        let again = try PublicKey(key.publicKey.bytes)
        #expect(again == key.publicKey && again.hashValue == key.publicKey.hashValue)
        let signature = try Signature(key.sign([1]).bytes)
        #expect(signature == key.sign([1]) && Set([signature, key.sign([1]), key.sign([2])]).count == 2)
    }
}
