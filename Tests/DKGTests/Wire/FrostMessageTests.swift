import BLS
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite("FROST messages")
struct FrostMessageTests {
    private static let secrets: [SecretKey] = {
        var generator = SeededGenerator(seed: 31)
        return (0..<4).map { _ in SecretKey.random(using: &generator) }
    }()

    private static func scalar(_ byte: UInt8) -> Scalar { Scalar(hashing: [byte], tag: "test") }

    /// Of share index 2, two validators, threshold 2.
    private static let casts = FrostCastsMessage(
        source: 2,
        casts: (0..<2).map { validator in
            .init(
                response: scalar(UInt8(validator)), challenge: scalar(7),
                commitments: secrets[2 * validator..<2 * validator + 2].map(\.publicKey))
        })
    private static let shares = FrostSharesMessage(source: 2, target: 3, shares: Array(secrets.prefix(2)))
    private static let results = FrostResultCastsMessage(
        source: 2,
        casts: (0..<2).map { .init(verificationKey: secrets[$0].publicKey, shareKey: secrets[$0 + 2].publicKey) })

    private static func decodeCasts(
        _ bytes: [UInt8], source: Int = 2, threshold: Int = 2, validators: Int = 2
    ) throws -> FrostCastsMessage {
        try FrostCastsMessage(decoding: bytes, source: source, threshold: threshold, validators: validators)
    }

    private static func decodeShares(
        _ bytes: [UInt8], source: Int = 2, target: Int = 3, validators: Int = 2
    ) throws -> FrostSharesMessage {
        try FrostSharesMessage(decoding: bytes, source: source, target: target, validators: validators)
    }

    /// The entries of a bundle, as bytes.
    private static func entries(_ bundle: [UInt8]) throws -> [[UInt8]] {
        var reader = FieldReader(bundle[...], "bundle", fields: 1, repeated: [1])
        var entries: [[UInt8]] = []
        while let field = try reader.next() { entries.append(Array(try field.body("entry"))) }
        return entries
    }

    private static func bundle(_ entries: [[UInt8]]) -> [UInt8] {
        FieldWriter.message { writer in for entry in entries { writer.element(1, entry) } }
    }

    @Test("messages come back as they were, in whatever order their entries stand")
    func roundTrip() throws {
        #expect(try Self.decodeCasts(Self.casts.encoded()) == Self.casts)
        #expect(
            try Self.decodeCasts(Self.bundle(Self.entries(Self.casts.encoded()).reversed())) == Self.casts)
        let shares = try Self.decodeShares(Self.bundle(Self.entries(Self.shares.encoded()).reversed()))
        #expect(shares.shares.map { $0.exposedBytes() } == Self.shares.shares.map { $0.exposedBytes() })
        #expect(
            try FrostResultCastsMessage(decoding: Self.results.encoded(), source: 2, validators: 2) == Self.results)
        #expect(
            try FrostResultCastsMessage(unpacking: Self.results.packed, source: 2, validators: 2) == Self.results)
    }

    @Test("nobody speaks for another, or to another")
    func binding() {
        #expect(throws: WireFault.outOfRange(field: "source_id", value: 2)) {
            try Self.decodeCasts(Self.casts.encoded(), source: 1)
        }
        #expect(throws: WireFault.outOfRange(field: "source_id", value: 2)) {
            try Self.decodeShares(Self.shares.encoded(), source: 1)
        }
        #expect(throws: WireFault.outOfRange(field: "id", value: 3)) {
            try Self.decodeShares(Self.shares.encoded(), target: 1)
        }
        #expect(throws: WireFault.outOfRange(field: "source_id", value: 2)) {
            try FrostResultCastsMessage(decoding: Self.results.encoded(), source: 4, validators: 2)
        }
    }

    /// Shares for index 3 under a key that names `target`, taken at `id`.
    private static func share(target: Int, id: Int, validator: Int) -> [UInt8] {
        FieldWriter.message { entry in
            entry.message(1, FrostMessageKey(validator: validator, source: 2, target: target).write)
            entry.number(2, id)
            secrets[validator % 4].withSecretBytes { entry.element(3, $0) }
        }
    }

    @Test("a share for another index is refused, though Charon would take it")
    func remap() throws {
        func decode(_ target: Int, _ id: Int) throws -> FrostSharesMessage {
            try Self.decodeShares(Self.bundle((0..<2).map { Self.share(target: target, id: id, validator: $0) }))
        }
        #expect(try decode(3, 3).target == 3)
        for (target, id) in [(3, 1), (3, 0), (3, 259), (1, 3), (0, 3)] {
            #expect(throws: WireFault.self) { try decode(target, id) }
        }
    }

    @Test("there is one entry for each validator")
    func entryCounts() throws {
        let casts = try Self.entries(Self.casts.encoded())
        #expect(throws: WireFault.count(field: "casts", expected: 2, actual: 1)) {
            try Self.decodeCasts(Self.bundle([casts[0]]))
        }
        #expect(throws: WireFault.repeatedEntry(field: "val_idx")) {
            try Self.decodeCasts(Self.bundle([casts[0], casts[0]]))
        }
        #expect(throws: WireFault.outOfRange(field: "val_idx", value: 1)) {
            try Self.decodeCasts(Self.casts.encoded(), validators: 1)
        }
        #expect(throws: WireFault.count(field: "casts", expected: 3, actual: 2)) {
            try Self.decodeCasts(Self.casts.encoded(), validators: 3)
        }
        #expect(throws: WireFault.count(field: "casts", expected: 2, actual: 0)) { try Self.decodeCasts([]) }
    }

    @Test("commitments are as many as the threshold")
    func thresholds() {
        #expect(throws: WireFault.tooMany(field: "commitments", limit: 1)) {
            try Self.decodeCasts(Self.casts.encoded(), threshold: 1)
        }
        #expect(throws: WireFault.count(field: "commitments", expected: 3, actual: 2)) {
            try Self.decodeCasts(Self.casts.encoded(), threshold: 3)
        }
    }

    @Test("scalars are reduced, shares are not zero, points are points other than infinity")
    func group() {
        let order =
            (try? Hex.decode(
                "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001", bytesMax: 32)) ?? []
        func share(_ value: [UInt8]) -> [UInt8] {
            Self.bundle([
                FieldWriter.message { entry in
                    entry.message(1, FrostMessageKey(validator: 0, source: 2, target: 3).write)
                    entry.number(2, 3)
                    entry.element(3, value)
                }
            ])
        }
        for value in [order, [UInt8](repeating: 0, count: 32), [UInt8](repeating: 255, count: 32)] {
            #expect(throws: WireFault.notOnGroup(field: "value")) {
                try Self.decodeShares(share(value), validators: 1)
            }
        }
        #expect(throws: WireFault.length(field: "value", expected: 32, actual: 31)) {
            try Self.decodeShares(share(Array(order.dropFirst())), validators: 1)
        }
        func result(_ point: [UInt8]) -> [UInt8] {
            Self.bundle([
                FieldWriter.message { entry in
                    entry.message(1, FrostMessageKey(validator: 0, source: 2, target: 0).write)
                    entry.element(2, Self.secrets[0].publicKey.bytes.bytes)
                    entry.element(3, point)
                }
            ])
        }
        let infinity = [0xc0] + [UInt8](repeating: 0, count: 47)
        for point in [infinity, [UInt8](repeating: 0, count: 48), [UInt8](repeating: 0xff, count: 48)] {
            #expect(throws: WireFault.notOnGroup(field: "vk_share")) {
                try FrostResultCastsMessage(decoding: result(point), source: 2, validators: 1)
            }
        }
    }

    @Test("a packed message is of the type its place asks for")
    func types() {
        #expect(throws: WireFault.typeURL(expected: "FrostRound1Casts")) {
            try FrostCastsMessage(unpacking: Self.results.packed, source: 2, threshold: 2, validators: 2)
        }
    }

    @Test("more bytes than a message can have are refused before they are read")
    func oversized() {
        let bytes = [UInt8](repeating: 0x0a, count: FrostCastsMessage.bytesMax(threshold: 2, validators: 2) + 1)
        #expect(throws: WireFault.oversized(message: "FrostRound1Casts", bytes: bytes.count, limit: bytes.count - 1)) {
            try Self.decodeCasts(bytes)
        }
    }
}
