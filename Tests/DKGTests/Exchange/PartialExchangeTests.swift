import BLS
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite("partial signatures of a ceremony")
struct PartialExchangeTests {
    private static let validators = [PubKey(padding: [9]), PubKey(padding: [5])]

    /// Three participants; the middle operator of the lock is missing, so share indices have a gap.
    private static func exchange(validators: Int = 2) -> PartialExchange {
        PartialExchange(shares: [0: 1, 1: 3, 2: 4], validatorsMax: validators, deposits: 2)
    }

    private static func set(
        _ kind: SignatureKind = .lockHash, share: Int, _ byte: UInt8 = 1, _ validators: [PubKey] = validators
    ) -> PartialSignatureSet {
        let entries = validators.map { ($0, Bytes96(padding: [byte, UInt8(share), $0[0]])) }
        return PartialSignatureSet(kind: kind, share: share, signatures: Dictionary(uniqueKeysWithValues: entries))
    }

    @Test("a kind is complete when every validator has everybody's signature")
    func complete() throws {
        var exchange = Self.exchange()
        try exchange.receive(Self.set(share: 1), from: 0)
        #expect(exchange.missing(.lockHash).map(\.participant) == [0, 1, 2])
        try exchange.expect(.lockHash, validators: Self.validators)
        #expect(exchange.missing(.lockHash).map(\.participant) == [1, 2])
        try exchange.receive(Self.set(share: 3, 1, [Self.validators[1]]), from: 1)
        try exchange.receive(Self.set(share: 4), from: 2)
        let missing = exchange.missing(.lockHash)
        #expect(missing.map(\.participant) == [1] && missing[0].validators == [Self.validators[0]])
        #expect(exchange.signatures(.lockHash) == nil)
        try exchange.receive(Self.set(share: 3), from: 1)
        let signatures = try #require(exchange.signatures(.lockHash))
        #expect(signatures[Self.validators[1]]?.keys.sorted() == [1, 3, 4])
        #expect(exchange.signatures(.registration) == nil)
    }

    @Test("the same again is ignored, another signature names the operator and changes nothing")
    func equivocation() throws {
        var exchange = Self.exchange()
        try exchange.expect(.deposit(1), validators: Self.validators)
        try exchange.receive(Self.set(.deposit(1), share: 4), from: 2)
        try exchange.receive(Self.set(.deposit(1), share: 4), from: 2)
        #expect(throws: CeremonyFault(2, .equivocated(.partialSignatures))) {
            try exchange.receive(Self.set(.deposit(1), share: 4, 2), from: 2)
        }
        try exchange.receive(Self.set(.deposit(1), share: 1), from: 0)
        try exchange.receive(Self.set(.deposit(1), share: 3), from: 1)
        #expect(exchange.signatures(.deposit(1))?[Self.validators[0]]?[4]?.bytes.prefix(2) == [1, 4])
        // Another kind is another thing.
        try exchange.receive(Self.set(.deposit(0), share: 4, 2), from: 2)
    }

    @Test("share indices are bound to the sender")
    func binding() {
        var exchange = Self.exchange()
        for (share, peer) in [(3, 0), (2, 1), (1, 1), (4, 3), (0, 0)] {
            #expect(throws: CeremonyFault.self) { try exchange.receive(Self.set(share: share), from: peer) }
        }
        let bytes = Self.set(share: 3).encoded()
        #expect(throws: CeremonyFault.self) { try exchange.decode(bytes, from: 0) }
        #expect((try? exchange.decode(bytes, from: 1)) == Self.set(share: 3))
    }

    @Test("strangers' validators are refused, also in messages that came early")
    func strangers() throws {
        let stranger = PubKey(padding: [7])
        var exchange = Self.exchange()
        try exchange.receive(Self.set(share: 3, 1, [Self.validators[0], stranger]), from: 1)
        try exchange.receive(Self.set(share: 4), from: 2)
        #expect(throws: CeremonyFault.self) { try exchange.expect(.lockHash, validators: Self.validators) }
        #expect(exchange.missing(.lockHash).map(\.participant) == [0, 1])
        #expect(throws: CeremonyFault.self) { try exchange.receive(Self.set(share: 3, 1, [stranger]), from: 1) }
        try exchange.receive(Self.set(share: 3), from: 1)
        #expect(exchange.missing(.lockHash).map(\.participant) == [0])
    }

    @Test("what is kept early is bounded, in kinds and in validators")
    func bounded() throws {
        var exchange = Self.exchange()
        let keys = (0..<3).map { PubKey(padding: [UInt8($0)]) }
        try exchange.receive(Self.set(share: 3, 1, Array(keys.prefix(2))), from: 1)
        #expect(throws: CeremonyFault.self) { try exchange.receive(Self.set(share: 3, 1, [keys[2]]), from: 1) }
        #expect(throws: CeremonyFault.self) { try exchange.receive(Self.set(.deposit(2), share: 3), from: 1) }
        #expect(throws: CeremonyFault.self) { try exchange.decode(Self.set(share: 3, 1, keys).encoded(), from: 1) }
        let long = [UInt8](repeating: 0, count: exchange.bytesMax + 1)
        #expect(throws: CeremonyFault.self) { try exchange.decode(long, from: 1) }
    }

    @Test("slots that are no kind are refused", arguments: [0, 100, 103, 199, 1224, UInt64.max])
    func slots(slot: UInt64) {
        #expect(SignatureKind(slot: slot) == nil)
        let bytes = FieldWriter.message { writer in
            writer.message(1) { duty in
                duty.number(1, slot)
                duty.number(2, UInt64(3))
            }
            writer.message(2) { _ in }
        }
        #expect(throws: WireFault.self) { try PartialSignatureSet(decoding: bytes, share: 1, validators: 2) }
    }

    @Test("kinds and slots belong together, in the order of the ceremony's numbers")
    func kinds() {
        let kinds: [SignatureKind] = [.lockHash, .registration, .deposit(0), .deposit(1), .deposit(1023)]
        #expect(kinds.map(\.slot) == [101, 102, 200, 201, 1223] && kinds == kinds.sorted())
        #expect(kinds.map { SignatureKind(slot: $0.slot) } == kinds)
    }

    /// `{"set": {key: {data, signature, share}}}` under slot 101, however malformed.
    private static func bytes(key: String, data: String, share: Int = 1, times: Int = 1, type: Int = 3) -> [UInt8] {
        FieldWriter.message { writer in
            writer.message(1) { duty in
                duty.number(1, 101)
                duty.number(2, type)
            }
            writer.message(2) { set in
                for _ in 0..<times {
                    set.message(1) { entry in
                        entry.text(1, key)
                        entry.message(2) { value in
                            value.text(1, data)
                            value.number(3, share)
                        }
                    }
                }
            }
        }
    }

    @Test("entries are strict: key, data, share, type, once each")
    func entries() throws {
        let key = Self.validators[0].hex
        let data = "\"" + String(repeating: "A", count: 128) + "\""
        func decode(_ bytes: [UInt8]) throws -> PartialSignatureSet {
            try PartialSignatureSet(decoding: bytes, share: 1, validators: 2)
        }
        #expect(try decode(Self.bytes(key: key, data: data)).signatures == [Self.validators[0]: .zero])
        let wrong = [
            Self.bytes(key: key.uppercased(), data: data), Self.bytes(key: String(key.dropFirst(2)), data: data),
            Self.bytes(key: key + "0", data: data), Self.bytes(key: key, data: String(data.dropFirst())),
            Self.bytes(key: key, data: data + " "),
            Self.bytes(key: key, data: data.replacing("AAAA\"", with: "A===\"")),
            Self.bytes(key: key, data: data.replacing("\"A", with: "\"_")), Self.bytes(key: key, data: data, share: 2),
            Self.bytes(key: key, data: data, share: 0), Self.bytes(key: key, data: data, times: 2),
            Self.bytes(key: key, data: data, times: 0), Self.bytes(key: key, data: data, type: 2),
        ]
        for (row, bytes) in wrong.enumerated() {
            #expect(throws: WireFault.self, "row \(row)") { try decode(bytes) }
        }
    }
}
