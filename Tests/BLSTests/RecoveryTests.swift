import CBlst
import SSZ
import TestSupport
import Testing

@testable import BLS

/// One sharing with a signature by everybody.
struct Sharing {
    let threshold: Int
    let secret: SecretKey
    let message: [UInt8]
    let shares: [Int: SecretKey]

    var key: PublicKey { secret.publicKey }
    var publicShares: [Int: PublicKey] { shares.mapValues(\.publicKey) }
    var partials: [Int: Signature] { shares.mapValues { $0.sign(message) } }

    /// Checks everything that can be recovered from the shares in `chosen`.
    func check(_ chosen: [Int], publicShares: [Int: PublicKey], partials: [Int: Signature]) throws {
        func some<T>(_ all: [Int: T]) -> [Int: T] { all.filter { chosen.contains($0.key) } }
        let enough = chosen.count >= threshold
        #expect((try Signature.recover(from: some(partials)) == secret.sign(message)) == enough, "\(chosen)")
        #expect((try PublicKey.recover(from: some(publicShares)) == key) == enough, "\(chosen)")
        let recovered = try SecretKey.recover(from: some(shares))
        #expect((recovered.exposedBytes() == secret.exposedBytes()) == enough, "\(chosen)")
    }
}

@Suite struct RecoveryTests {
    @Test(
        "recovers from every set of shares, and only from enough", arguments: [(2, 2), (3, 2), (4, 3), (5, 4), (7, 5)])
    func everySet(total: Int, threshold: Int) throws {
        var generator = SeededGenerator(seed: 3)
        let secret = SecretKey.random(using: &generator)
        let sharing = Sharing(
            threshold: threshold, secret: secret, message: [1, 2, 3],
            shares: try secret.split(threshold: threshold, shares: total, using: &generator))
        #expect(sharing.shares.keys.sorted() == Array(1...total))
        let (publicShares, partials) = (sharing.publicShares, sharing.partials)
        for count in 1...total {
            for chosen in choices(count, from: Array(1...total)[...]) {
                try sharing.check(chosen, publicShares: publicShares, partials: partials)
            }
        }
    }

    @Test(
        "recovers from sets far apart, where coefficients are long",
        arguments: [(5, 20), (40, 40), (67, 100), (171, 256)])
    func wide(threshold: Int, total: Int) throws {
        var generator = SeededGenerator(seed: 4)
        let secret = SecretKey.random(using: &generator)
        let sharing = Sharing(
            threshold: threshold, secret: secret, message: [9],
            shares: try secret.split(threshold: threshold, shares: total, using: &generator))
        let chosen = Array((1...total).shuffled(using: &generator).prefix(threshold))
        let shares = sharing.shares.filter { chosen.contains($0.key) }
        try sharing.check(
            chosen, publicShares: shares.mapValues(\.publicKey), partials: shares.mapValues { $0.sign([9]) })
    }

    @Test("short and long coefficients give the same points", arguments: [[1, 2, 3], [1, 2, 4], [2, 7, 9, 10], [7]])
    func bothWays(indexes: [Int]) {
        var generator = SeededGenerator(seed: 5)
        let signatures = indexes.map { _ in SecretKey.random(using: &generator).sign([1]).point }
        let set = ShareSet(indexes: indexes, shares: signatures)
        let short: blst_p2 = set.interpolate()
        let long: blst_p2 = set.interpolateWithLongScalars()
        #expect(short.affine.compressed == long.affine.compressed)
    }

    @Test("computes the public share at any index")
    func elsewhere() throws {
        let secret = SecretKey.random()
        let shares = try secret.split(threshold: 3, shares: 5).mapValues(\.publicKey)
        let three = shares.filter { $0.key < 4 }
        for index in 1...5 { #expect(try PublicKey.recover(from: three, at: index) == shares[index]) }
        #expect(
            failure { () throws(BLSError) in try PublicKey.recover(from: three, at: -1) } == .shareIndexOutOfRange(-1))
        #expect(
            failure { () throws(BLSError) in try PublicKey.recover(from: three, at: 257) } == .shareIndexOutOfRange(257)
        )
    }

    @Test("splits as py_ecc evaluates", arguments: KnownAnswers.rows("sharings"))
    func knownSharing(row: JSONValue) throws {
        let rows = try row.rows("shares")
        var shares: [Int: SecretKey] = [:]
        for (i, share) in rows.enumerated() {
            let secret = try SecretKey(bytes: share.bytes("secret"))
            shares[i + 1] = secret
            #expect(try secret.publicKey.bytes.bytes == share.bytes("public_key"))
            #expect(try secret.sign(row.bytes("message")).bytes.bytes == share.bytes("signature"))
        }
        let sharing = Sharing(
            threshold: try row.int("threshold"), secret: try SecretKey(bytes: row.bytes("secret")),
            message: try row.bytes("message"), shares: shares)
        let (publicShares, partials) = (sharing.publicShares, sharing.partials)
        for chosen in choices(sharing.threshold, from: Array(1...rows.count)[...]) {
            try sharing.check(chosen, publicShares: publicShares, partials: partials)
        }
        let all = (1...rows.count).compactMap { publicShares[$0] }
        #expect(sharing.key.isShared(as: all, threshold: sharing.threshold))
        let commitments = try row.rows("commitments").map { try PublicKey(Bytes48(hex: $0.string ?? "")) }
        let polynomial = try PublicPolynomial(commitments)
        #expect(polynomial.key == sharing.key)
        for index in 1...rows.count { #expect(try polynomial.share(index) == publicShares[index]) }
    }

    @Test("refuses thresholds that are none", arguments: [(0, 4), (1, 4), (-3, 4), (5, 4), (2, 1), (200, 257), (2, 0)])
    func badThreshold(threshold: Int, total: Int) {
        #expect(
            failure { () throws(BLSError) in try SecretKey.random().split(threshold: threshold, shares: total) }
                == .badThreshold(threshold: threshold, shares: total))
    }

    @Test("refuses no shares and indexes out of range", arguments: [0, -1, 257, Int.max, Int.min])
    func badIndex(index: Int) {
        let key = SecretKey.random()
        let error = BLSError.shareIndexOutOfRange(index)
        #expect(failure { () throws(BLSError) in try SecretKey.recover(from: [1: key, index: key]) } == error)
        #expect(
            failure { () throws(BLSError) in try PublicKey.recover(from: [2: key.publicKey, index: key.publicKey]) }
                == error)
        #expect(failure { () throws(BLSError) in try Signature.recover(from: [index: key.sign([1])]) } == error)
        #expect(failure { () throws(BLSError) in try SecretKey.recover(from: [:]) } == .emptySet)
        #expect(failure { () throws(BLSError) in try PublicKey.recover(from: [:]) } == .emptySet)
        #expect(failure { () throws(BLSError) in try Signature.recover(from: [:]) } == .emptySet)
    }

    @Test("shares made to meet at zero are an error, not infinity")
    func infinity() throws {
        let key = SecretKey.random()
        let double = try SecretKey.sum([key, key])
        #expect(failure { () throws(BLSError) in try SecretKey.recover(from: [1: key, 2: double]) } == .zeroSecret)
        #expect(
            failure { () throws(BLSError) in try PublicKey.recover(from: [1: key.publicKey, 2: double.publicKey]) }
                == .infinity)
        #expect(
            failure { () throws(BLSError) in try Signature.recover(from: [1: key.sign([1]), 2: double.sign([1])]) }
                == .infinity)
    }

    @Test("public shares are checked against the key", arguments: [(2, 3), (3, 4), (5, 7), (7, 10), (40, 60)])
    func shareCheck(threshold: Int, total: Int) throws {
        var generator = SeededGenerator(seed: 8)
        let secret = SecretKey.random(using: &generator)
        let key = secret.publicKey
        let split = try secret.split(threshold: threshold, shares: total, using: &generator)
        let shares = (1...total).compactMap { split[$0]?.publicKey }
        #expect(key.isShared(as: shares, threshold: threshold))
        #expect(!key.isShared(as: shares, threshold: threshold - 1), "the degree is higher")
        #expect(!SecretKey.random().publicKey.isShared(as: shares, threshold: threshold))
        for position in stride(from: 0, to: total, by: max(1, total / 7)) {
            var wrong = shares
            wrong[position] = SecretKey.random(using: &generator).publicKey
            #expect(!key.isShared(as: wrong, threshold: threshold), "position \(position)")
            wrong = shares
            wrong.swapAt(position, (position + 1) % total)
            #expect(!key.isShared(as: wrong, threshold: threshold), "swap at \(position)")
        }
    }

    @Test("thresholds outside the shares are refused", arguments: [0, -1, 5, Int.min, Int.max])
    func shareCheckThreshold(threshold: Int) throws {
        let secret = SecretKey.random()
        let split = try secret.split(threshold: 2, shares: 4)
        let shares = (1...4).compactMap { split[$0]?.publicKey }
        #expect(!secret.publicKey.isShared(as: shares, threshold: threshold))
        #expect(!secret.publicKey.isShared(as: [], threshold: 1))
        #expect(secret.publicKey.isShared(as: [secret.publicKey, secret.publicKey], threshold: 1))
    }
}
