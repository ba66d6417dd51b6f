import BLS
import Cluster
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite("FROST key generations of others")
struct FrostVectorTests {
    static let transcript = "cluster/derived/frost_dkg_transcript.json"

    /// Computed from the specification with py_ecc.
    @Test("a transcript is reproduced", .enabled(if: Vectors.has(transcript)))
    func reproduced() throws {
        let document = try Vectors.json(Self.transcript)
        for row in try document.rows("hash_to_scalar") {
            let message = try Hex.decode(row.text("msg"), bytesMax: 1 << 10)
            #expect(try Scalar(hashing: message, tag: row.text("dst")) == Scalar(row.hash("scalar")))
        }
        let rows = try document.rows("participants")
        let threshold = try document.number("threshold")
        var (casts, shares): ([Int: [FrostCast]], [Int: [Int: [FrostSecretShare]]]) = ([:], [:])
        func round(_ index: Int) throws -> FrostRound1 {
            try FrostRound1(
                FrostParameters(threshold: threshold, participants: rows.count, validators: 1, own: index),
                secrets: [(rows[index - 1].secrets("coefficients"), rows[index - 1].secret("k"))])
        }
        for (index, row) in zip(1..., rows) {
            let own = try round(index)
            let cast = own.casts[0]
            casts[index] = own.casts
            #expect(
                try cast.commitments.map(\.bytes) == row.rows("commitments").map { try Bytes48(hex: $0.string ?? "") })
            #expect(try cast.challenge.bytes == row.hash("ci"))
            #expect(try cast.response.bytes == row.hash("wi"))
            for receiver in 1...rows.count {
                let share = own.shares(for: receiver)
                shares[receiver, default: [:]][index] = share
                #expect(try share[0].value.exposedBytes() == row.member("shares").secret("\(receiver)").exposedBytes())
            }
        }
        let result = try document.member("result")
        var rounds: [Int: FrostRound2] = [:]
        for index in 1...rows.count {
            rounds[index] = try round(index).finish(casts: casts, shares: shares[index] ?? [:])
        }
        for index in 1...rows.count {
            let outcome = try #require(try rounds[index]?.finish(rounds.mapValues(\.casts)).first)
            #expect(try outcome.key.bytes == Bytes48(hex: result.text("verification_key")))
            #expect(
                try outcome.secret.exposedBytes()
                    == result.member("secret_shares").secret("\(index)").exposedBytes())
            for (other, key) in outcome.publicShares {
                #expect(try key.bytes == Bytes48(hex: result.member("vk_shares").text("\(other)")))
            }
        }
    }

    static let recordings = Recording.names.filter { $0.contains("frost") }

    /// Every node with the polynomials and nonces that it drew: casts, shares, results and keys are the recorded ones.
    @Test("nodes of Charon are reproduced", .enabled(if: Recording.areThere), arguments: recordings)
    func recorded(_ name: String) throws {
        let recording = try Recording(name)
        let secrets = try Vectors.json("dkg/\(name)/test-keys.json").member("frost")
        let keystores = try Vectors.json("dkg/\(name)/keystores.json")
        let (count, validators) = (recording.keys.count, recording.validators)
        func parameters(_ own: Int) throws -> FrostParameters {
            try FrostParameters(
                threshold: recording.threshold, participants: count, validators: validators, own: own)
        }
        func round(_ index: Int) throws -> FrostRound1 {
            let rows = try secrets.rows("\(index - 1)")
            return try FrostRound1(
                parameters(index), secrets: rows.map { (try $0.secrets("coefficients"), try $0.secret("nonce")) })
        }
        var (casts, shares): ([Int: [FrostCast]], [Int: [Int: [FrostSecretShare]]]) = ([:], [:])
        for index in 1...count {
            let own = try round(index)
            casts[index] = own.casts
            for receiver in 1...count { shares[receiver, default: [:]][index] = own.shares(for: receiver) }
        }
        let recorded = try RecordedFrost(recording)
        #expect(casts == recorded.casts)
        #expect(recorded.shares.count == count * (count - 1))
        for message in recorded.shares {
            let ours = try #require(shares[message.target]?[message.source])
            #expect(ours.map { $0.value.exposedBytes() } == message.shares.map { $0.exposedBytes() })
        }
        var results: [Int: FrostRound2] = [:]
        for index in 1...count {
            results[index] = try round(index).finish(casts: casts, shares: shares[index] ?? [:])
        }
        #expect(results.mapValues(\.casts) == recorded.results)

        let lock = try #require(recording.lock)
        for index in 1...count {
            let outcomes = try #require(results[index]).finish(recorded.results)
            let stored = try keystores.secrets("\(index - 1)").suffix(validators)
            #expect(outcomes.map { $0.secret.exposedBytes() } == stored.map { $0.exposedBytes() })
            for (outcome, validator) in zip(outcomes, lock.validators.suffix(validators)) {
                #expect(outcome.key.bytes.bytes == validator.publicKey)
                #expect((1...count).map { outcome.publicShares[$0]?.bytes.bytes } == validator.publicShares)
            }
        }
    }
}

/// What the nodes of a recording sent, decoded.
private struct RecordedFrost {
    /// By share index of the sender.
    private(set) var casts: [Int: [FrostCast]] = [:]
    private(set) var results: [Int: [FrostResultCast]] = [:]
    private(set) var shares: [FrostSharesMessage] = []

    init(_ recording: Recording) throws {
        let (threshold, validators) = (recording.threshold, recording.validators)
        for stream in recording.streams(recording.version.deliverProtocol) {
            let broadcast = try BroadcastMessage(
                decoding: stream.message(), valueBytesMax: 1 << 20, participants: recording.keys.count)
            let source = stream.from + 1
            switch BroadcastID(rawValue: broadcast.id) {
            case .frostCasts:
                casts[source] = try FrostCastsMessage(
                    unpacking: broadcast.message, source: source, threshold: threshold, validators: validators
                ).casts
            case .frostResults:
                results[source] = try FrostResultCastsMessage(
                    unpacking: broadcast.message, source: source, validators: validators
                ).casts
            default: continue
            }
        }
        shares = try recording.streams(.frostShares).map {
            try FrostSharesMessage(
                decoding: $0.message(), source: $0.from + 1, target: $0.to + 1, validators: validators)
        }
    }
}

extension JSONValue {
    func rows(_ name: String) throws -> [JSONValue] { try member(name).array ?? [] }

    /// A scalar in hex.
    func secret(_ name: String) throws -> SecretKey { try SecretKey(hex: member(name)) }

    func secrets(_ name: String) throws -> [SecretKey] { try rows(name).map { try SecretKey(hex: $0) } }
}

extension SecretKey {
    fileprivate convenience init(hex: JSONValue) throws {
        try self.init(bytes: Hex.decode(hex.string ?? "", bytesMax: 32))
    }
}
