import SSZ
import TestSupport
import Testing

@testable import BLS

/// Official Ethereum BLS vectors as text: lines of a key and a hex value, `out` ends a case.
/// Disabled without the vectors; see `Vectors`.
@Suite(.enabled(if: Vectors.has("core/bls/sign.txt"), "no vectors")) struct EthereumVectorTests {
    typealias Case = [String: [String]]

    private static func cases(_ name: String) throws -> [Case] {
        var cases: [Case] = []
        var current: Case = [:]
        for line in String(decoding: try Vectors.data("core/bls/\(name).txt"), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            let key = String(words[0])
            current[key, default: []].append(words.count > 1 ? String(words[1]) : "")
            if key == "out" {
                cases.append(current)
                current = [:]
            }
        }
        #expect(current.isEmpty && !cases.isEmpty)
        return cases
    }

    private func bytes(_ row: Case, _ key: String) throws -> [UInt8] {
        try Hex.decode(#require(row[key]?.first), bytesMax: 1000)
    }

    @Test func sign() throws {
        for row in try Self.cases("sign") {
            let secret = try? SecretKey(bytes: bytes(row, "sec"))
            #expect(try secret?.sign(bytes(row, "msg")).bytes.bytes ?? [] == bytes(row, "out"))
        }
    }

    @Test func verify() throws {
        for row in try Self.cases("verify") {
            let key = try? PublicKey(bytes: bytes(row, "pub"))
            let signature = try? Signature(bytes: bytes(row, "sig"))
            let message = try #require(Bytes32(bytes(row, "msg")))
            let expected = row["out"] == ["true"]
            guard let key, let signature else {
                #expect(!expected)
                continue
            }
            #expect(key.verify(signature, over: message) == expected)
            var batch = SignatureBatch()
            batch.add(signature, by: key, over: message)
            #expect(((try? batch.verify()[0].get()) != nil) == expected)
        }
    }

    @Test func aggregate() throws {
        for row in try Self.cases("aggregate") {
            let signatures = try (row["sig"] ?? []).map { try Signature(bytes: Hex.decode($0, bytesMax: 1000)) }
            let sum = (try? Signature.aggregate(signatures))?.bytes.bytes ?? []
            #expect(try sum == bytes(row, "out"))
        }
    }

    @Test func fastAggregateVerify() throws {
        for row in try Self.cases("fast_aggregate_verify") {
            let texts = row["pub"] ?? []
            let keys = texts.compactMap { try? PublicKey(bytes: Hex.decode($0, bytesMax: 1000)) }
            let signature = try? Signature(bytes: bytes(row, "sig"))
            let message = try bytes(row, "msg")
            let verified = keys.count == texts.count && signature?.fastAggregateVerify(keys, over: message) ?? false
            #expect(verified == (row["out"] == ["true"]))
        }
    }

    /// Record k is k times the generator, from 0, infinity, which is refused.
    @Test func multiplesOfG1() throws {
        let data = try Vectors.data("core/bls/g1_compressed_valid_test_vectors.dat")
        let records = stride(from: 0, to: data.count, by: 48).map { Array(data[$0..<min($0 + 48, data.count)]) }
        #expect(records.count == 1000)
        #expect(failure { () throws(BLSError) in try PublicKey(bytes: records[0]) } == .infinity)
        for k in 1..<records.count {
            let scalar = [UInt8](repeating: 0, count: 30) + [UInt8(k >> 8), UInt8(k & 0xFF)]
            #expect(try PublicKey(bytes: records[k]) == SecretKey(bytes: scalar).publicKey)
        }
    }

    @Test func multiplesOfG2() throws {
        let data = try Vectors.data("core/bls/g2_compressed_valid_test_vectors.dat")
        let records = stride(from: 0, to: data.count, by: 96).map { Array(data[$0..<min($0 + 96, data.count)]) }
        #expect(records.count == 1000)
        #expect(failure { () throws(BLSError) in try Signature(bytes: records[0]) } == .infinity)
        let generator = try Signature(bytes: records[1])
        var sum = generator
        for k in 2..<records.count {
            sum = try Signature.aggregate([sum, generator])
            #expect(try Signature(bytes: records[k]) == sum, "record \(k)")
        }
    }
}

/// RFC 9380's own vectors.
@Suite(.enabled(if: Vectors.has("core/bls/hash_to_curve"), "no vectors")) struct HashToCurveVectorTests {
    @Test func hashesToG2() throws {
        let file = try Vectors.json("core/bls/hash_to_curve/BLS12381G2_XMD_SHA-256_SSWU_RO_.json")
        let tag = try #require(file["dst"]?.string)
        let rows = try file.rows("vectors")
        #expect(rows.count == 5)
        for row in rows {
            let message = Array(try #require(row["msg"]?.string).utf8)
            let point = try row.member("P")
            // "real,imaginary", each 48 bytes; compressed points start with the imaginary part.
            let x = try #require(point["x"]?.string).split(separator: ",").map {
                try Hex.decode(String($0), bytesMax: 48)
            }
            let y = try #require(point["y"]?.string).split(separator: ",").map {
                try Hex.decode(String($0), bytesMax: 48)
            }
            var expected = x[1] + x[0]
            expected[0] |= try isLarger(y[1]) ? 0xA0 : 0x80
            #expect(hashToG2(message, tag: tag).affine.compressed.bytes == expected)
        }
    }

    /// Whether a field element exceeds half of the modulus. No vector has the imaginary part zero.
    private func isLarger(_ element: [UInt8]) throws -> Bool {
        let half = try Hex.decode(
            "0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555",
            bytesMax: 48)
        return half.lexicographicallyPrecedes(element)
    }

    /// The other file's tag is over 255 bytes, which no protocol of ours has.
    @Test func expandsMessages() throws {
        let file = try Vectors.json("core/bls/hash_to_curve/expand_message_xmd_SHA256_38.json")
        let tag = try #require(file["DST"]?.string)
        let rows = try file.rows("tests")
        #expect(rows.count > 4)
        for row in rows {
            let message = Array(try #require(row["msg"]?.string).utf8)
            let expected = try row.bytes("uniform_bytes")
            #expect(expand(message, tag: tag, to: expected.count) == expected)
        }
    }
}

/// Threshold vectors: our own (via the official spec's library) and those of dv-specs, emitted by Charon's library.
@Suite(.enabled(if: Vectors.has("cluster/dv-specs/bls_threshold.json"), "no vectors")) struct ThresholdVectorTests {
    @Test func ownSharings() throws {
        let rows = try Vectors.json("core/signing/threshold_aggregation.json").array ?? []
        #expect(rows.count == 5)
        for row in rows {
            var shares: [Int: SecretKey] = [:]
            for share in try row.rows("shares") { shares[try share.int("share_idx")] = try checkedShare(share, row) }
            let total = try row.int("total")
            #expect(shares.count == total)
            let sharing = Sharing(
                threshold: try row.int("threshold"), secret: try SecretKey(bytes: row.bytes("secret")),
                message: try row.bytes("message"), shares: shares)
            #expect(try sharing.key.bytes.bytes == row.bytes("pubkey"))
            #expect(try sharing.secret.sign(sharing.message).bytes.bytes == row.bytes("aggregate_signature"))
            let (publicShares, partials) = (sharing.publicShares, sharing.partials)
            for count in sharing.threshold - 1...total {
                for chosen in choices(count, from: Array(1...total)[...]) {
                    try sharing.check(chosen, publicShares: publicShares, partials: partials)
                }
            }
            #expect(sharing.key.isShared(as: (1...total).compactMap { publicShares[$0] }, threshold: sharing.threshold))
        }
    }

    private func checkedShare(_ share: JSONValue, _ row: JSONValue) throws -> SecretKey {
        let secret = try SecretKey(bytes: share.bytes("secret"))
        #expect(try secret.publicKey.bytes.bytes == share.bytes("pubshare"))
        #expect(try secret.sign(row.bytes("message")).bytes.bytes == share.bytes("partial_signature"))
        return secret
    }

    @Test func dvSpecs() throws {
        let file = try Vectors.json("cluster/dv-specs/bls_threshold.json")
        let message = try file.bytes("message_hex")
        let group = try SecretKey(bytes: file.bytes("group_secret_hex"))
        #expect(try group.publicKey.bytes.bytes == file.bytes("group_pubkey_hex"))
        #expect(try group.sign(message).bytes.bytes == file.bytes("group_signature_hex"))
        for row in try file.rows("keys") {
            let secret = try SecretKey(bytes: row.member("input").bytes("secret_hex"))
            #expect(try secret.publicKey.bytes.bytes == row.bytes("pubkey_hex"))
        }
        var publicShares: [Int: PublicKey] = [:]
        var partials: [Int: Signature] = [:]
        var shares: [Int: SecretKey] = [:]
        for row in try file.rows("partials") {
            let input = try row.member("input")
            let index = try input.int("share_idx")
            let secret = try SecretKey(bytes: input.bytes("secret_hex"))
            shares[index] = secret
            publicShares[index] = try PublicKey(bytes: row.bytes("pubshare_hex"))
            partials[index] = try Signature(bytes: row.bytes("signature_hex"))
            #expect(secret.publicKey == publicShares[index])
            #expect(secret.sign(message) == partials[index])
        }
        for row in try file.rows("threshold_aggregates") {
            let chosen = try indices(row)
            let some = partials.filter { chosen.contains($0.key) }
            #expect(some.count == 3)
            #expect(try Signature.recover(from: some).bytes.bytes == row.bytes("signature_hex"))
            let recovered = try SecretKey.recover(from: shares.filter { chosen.contains($0.key) })
            #expect(recovered.exposedBytes() == group.exposedBytes())
        }
        for row in try file.rows("recovery") {
            let chosen = try indices(row)
            let some = publicShares.filter { chosen.contains($0.key) }
            #expect(try PublicKey.recover(from: some).bytes.bytes == row.bytes("pubkey_hex"))
        }
        for row in try file.rows("plain_aggregate") {
            let chosen = try indices(row)
            let sum = try Signature.aggregate(chosen.compactMap { partials[$0] })
            #expect(try sum.bytes.bytes == row.bytes("signature_hex"))
            #expect(sum.fastAggregateVerify(chosen.compactMap { publicShares[$0] }, over: message))
            #expect(!group.publicKey.verify(sum, over: message))
        }
    }

    private func indices(_ row: JSONValue) throws -> [Int] {
        try row.member("input").rows("share_indices").compactMap { $0.integer.map { Int($0) } }
    }
}
