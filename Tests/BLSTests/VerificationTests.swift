import SSZ
import Testing

@testable import BLS

@Suite struct VerificationTests {
    @Test("signs and verifies as py_ecc does", arguments: KnownAnswers.rows("signing"))
    func signing(row: JSONValue) throws {
        let secret = try SecretKey(bytes: row.bytes("secret"))
        let message = try row.bytes("message")
        let key = try PublicKey(bytes: row.bytes("public_key"))
        let signature = try Signature(bytes: row.bytes("signature"))
        let basic = try Signature(bytes: row.bytes("signature_basic"))
        #expect(secret.publicKey == key)
        #expect(secret.sign(message) == signature)
        #expect(secret.sign(message, ciphersuite: .basic) == basic)
        #expect(key.verify(signature, over: message))
        #expect(key.verify(basic, over: message, ciphersuite: .basic))
        #expect(!key.verify(basic, over: message))
        #expect(!key.verify(signature, over: message, ciphersuite: .basic))
        #expect(!key.verify(signature, over: message + [0]))
        #expect(!key.verify(try negated(signature), over: message))
        #expect(!SecretKey.random().publicKey.verify(signature, over: message))
    }

    @Test("scattered and contiguous messages are the same to it")
    func messageKinds() throws {
        let key = SecretKey.random()
        let root = try #require(Bytes32(0..<32))
        let scattered = (0..<32).lazy.map { UInt8($0) }
        #expect(key.sign(root) == key.sign(root.bytes))
        #expect(key.sign(scattered) == key.sign(root))
        #expect(key.publicKey.verify(key.sign(root), over: scattered))
    }

    @Test("aggregates as py_ecc does")
    func aggregate() throws {
        let row = try KnownAnswers.document.member("aggregate")
        let keys = try row.rows("public_keys").map { try PublicKey(Bytes48(hex: $0.string ?? "")) }
        let messages = try row.rows("own_messages").map { try Hex.decode($0.string ?? "", bytesMax: 1000) }
        let message = try row.bytes("message")
        let one = try Signature(bytes: row.bytes("signature"))
        let own = try Signature(bytes: row.bytes("signature_own_messages"))
        #expect(keys.count == 3 && messages.count == 3)
        #expect(one.fastAggregateVerify(keys, over: message))
        #expect(!one.fastAggregateVerify(keys + [keys[0]], over: message))
        #expect(!one.fastAggregateVerify(Array(keys.dropLast()), over: message))
        #expect(!one.fastAggregateVerify([], over: message))
        #expect(!one.fastAggregateVerify(keys, over: message + [1]))
        let pairs = zip(keys, messages).map { (key: $0, message: $1) }
        #expect(own.aggregateVerify(pairs))
        #expect(own.aggregateVerify(pairs.reversed()))
        #expect(!own.aggregateVerify(Array(pairs.dropLast())))
        #expect(!one.aggregateVerify(pairs))
        #expect(!own.aggregateVerify([]))
    }

    @Test("keys may repeat in an aggregate")
    func repeated() throws {
        let key = SecretKey.random()
        let sum = try Signature.aggregate([key.sign([1]), key.sign([1])])
        #expect(sum.fastAggregateVerify([key.publicKey, key.publicKey], over: [1]))
        #expect(!sum.fastAggregateVerify([key.publicKey], over: [1]))
        #expect(sum.aggregateVerify([(key.publicKey, [1]), (key.publicKey, [1])]))
    }

    @Test("sums of nothing, and sums that cancel, are errors")
    func cancelling() throws {
        let signature = SecretKey.random().sign([1])
        let opposite = try negated(signature)
        #expect(failure { () throws(BLSError) in try Signature.aggregate([]) } == .emptySet)
        #expect(failure { () throws(BLSError) in try PublicKey.aggregate([]) } == .emptySet)
        #expect(failure { () throws(BLSError) in try Signature.aggregate([signature, opposite]) } == .infinity)
        let key = SecretKey.random().publicKey
        var bytes = key.bytes.bytes
        bytes[0] ^= 0x20
        let negative = try PublicKey(bytes: bytes)
        #expect(failure { () throws(BLSError) in try PublicKey.aggregate([key, negative]) } == .infinity)
        #expect(!signature.fastAggregateVerify([key, negative], over: [1]))
    }
}
