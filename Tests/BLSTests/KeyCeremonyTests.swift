import SSZ
import TestSupport
import Testing

@testable import BLS

@Suite struct KeyCeremonyTests {
    @Test("hashes to scalars as RFC 9380 says")
    func hashToScalar() throws {
        let group = try KnownAnswers.document.member("hash_to_scalar")
        let tag = try #require(group["tag"]?.string)
        for row in try group.rows("cases") {
            #expect(try Scalar(hashing: row.bytes("message"), tag: tag).bytes.bytes == row.bytes("scalar"))
        }
    }

    @Test("scalars are reduced, and may be zero")
    func scalars() throws {
        let order = try KnownAnswers.document.bytes("order")
        let tooLarge = try #require(Bytes32(order))
        #expect(failure { () throws(BLSError) in try Scalar(tooLarge) } == .scalarTooLarge)
        let largest = try Scalar(#require(Bytes32(order.dropLast() + [0])))
        #expect(!largest.isZero)
        #expect(try Scalar(.zero).isZero)
    }

    @Test("a Schnorr proof gives back its commitment, a wrong one does not")
    func schnorr() throws {
        var generator = SeededGenerator(seed: 1)
        let (secret, nonce) = (SecretKey.random(using: &generator), SecretKey.random(using: &generator))
        let challenge = Scalar(hashing: [1], tag: "test")
        let response = secret.response(to: challenge, nonce: nonce)
        let key = secret.publicKey
        #expect(try key.commitment(response: response, challenge: challenge) == nonce.publicKey)
        #expect(try key.commitment(response: challenge, challenge: challenge) != nonce.publicKey)
        #expect(try nonce.publicKey.commitment(response: response, challenge: challenge) != nonce.publicKey)
    }

    @Test("zero and cancelling scalars in a proof are handled")
    func schnorrEdges() throws {
        let secret = SecretKey.random()
        let key = secret.publicKey
        let zero = try Scalar(.zero)
        let one = try Scalar(#require(Bytes32([UInt8](repeating: 0, count: 31) + [1])))
        let same = try Scalar(#require(Bytes32(secret.exposedBytes())))
        #expect(try key.commitment(response: same, challenge: zero) == key)
        #expect(failure { () throws(BLSError) in try key.commitment(response: zero, challenge: zero) } == .infinity)
        #expect(failure { () throws(BLSError) in try key.commitment(response: same, challenge: one) } == .infinity)
        #expect(secret.response(to: zero, nonce: secret) == same)
    }

    @Test("polynomials, their commitments and their sums agree", arguments: [(2, 3), (3, 4), (7, 10)])
    func feldman(threshold: Int, total: Int) throws {
        var generator = SeededGenerator(seed: 2)
        var polynomials: [SecretPolynomial] = []
        for _ in 0..<total {
            let secret = SecretKey.random(using: &generator)
            polynomials.append(try SecretPolynomial(sharing: secret, threshold: threshold, using: &generator))
        }
        let commitments = try polynomials.map { try PublicPolynomial($0.commitments) }
        let sum = try PublicPolynomial.sum(commitments)
        var shares: [Int: SecretKey] = [:]
        for index in 1...total {
            let parts = try polynomials.map { try $0.share(index) }
            #expect(try commitments[0].share(index) == parts[0].publicKey)
            let share = try SecretKey.sum(parts)
            #expect(try sum.share(index) == share.publicKey)
            shares[index] = share
        }
        let enough = shares.filter { $0.key <= threshold }
        #expect(try SecretKey.recover(from: enough).publicKey == sum.key)
        #expect(try SecretKey.sum(polynomials.map(\.secret)).publicKey == sum.key)
    }

    @Test("polynomials refuse what is out of range")
    func ranges() throws {
        let secret = SecretKey.random()
        let polynomial = try SecretPolynomial(sharing: secret, threshold: 2, using: &Self.generator)
        let commitments = try PublicPolynomial(polynomial.commitments)
        for index in [0, -1, 257, Int.max] {
            #expect(failure { () throws(BLSError) in try polynomial.share(index) } == .shareIndexOutOfRange(index))
            #expect(failure { () throws(BLSError) in try commitments.share(index) } == .shareIndexOutOfRange(index))
        }
        #expect(failure { () throws(BLSError) in try PublicPolynomial([]) } == .emptySet)
        #expect(failure { () throws(BLSError) in try SecretKey.sum([]) } == .emptySet)
        let longer = try PublicPolynomial(commitments.coefficients + [secret.publicKey])
        #expect(
            failure { () throws(BLSError) in try PublicPolynomial.sum([commitments, longer]) }
                == .badThreshold(threshold: 3, shares: 2))
    }

    @Test("both sides of a shared point agree")
    func sharedPoint() {
        let (one, other) = (SecretKey.random(), SecretKey.random())
        let left = one.withSharedPoint(other.publicKey) { Array($0) }
        #expect(left == other.withSharedPoint(one.publicKey) { Array($0) })
        #expect(left.count == 48 && left != one.withSharedPoint(one.publicKey) { Array($0) })
    }

    private static var generator: SeededGenerator {
        get { SeededGenerator(seed: 9) }
        set {}
    }
}
