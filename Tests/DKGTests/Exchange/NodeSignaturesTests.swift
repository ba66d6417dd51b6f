import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

@Suite("node signatures")
struct NodeSignaturesTests {
    private static let keys: [PrivateKey] = {
        var generator = SeededGenerator(seed: 23)
        return (0..<3).map { _ in PrivateKey.random(using: &generator) }
    }()
    private static let hash = Bytes32(padding: [3])

    private static func signatures(leaving: Set<ParticipantIndex> = []) -> NodeSignatures {
        NodeSignatures(identities: keys.map(\.publicKey), leaving: leaving)
    }

    private static func message(_ node: Int, over hash: Bytes32? = hash) -> NodeSignatureMessage {
        NodeSignatures.own(node, over: hash, key: keys[node])
    }

    @Test("signatures that come before the lock hash are kept and checked then")
    func early() throws {
        var signatures = Self.signatures()
        for node in [2, 0, 1] {
            #expect(signatures.complete == nil)
            try signatures.receive(Self.message(node), from: node)
        }
        #expect(signatures.missing.isEmpty && signatures.complete == nil)
        try signatures.sign(over: Self.hash)
        #expect(signatures.complete == Self.keys.map { $0.sign(digest: Self.hash) })
    }

    @Test("a signature over something else names its operator, early or late, and a right one is taken after it")
    func wrong() throws {
        var signatures = Self.signatures()
        try signatures.receive(Self.message(1, over: .zero), from: 1)
        try signatures.receive(Self.message(2), from: 2)
        #expect(throws: CeremonyFault(1, .unsigned(.nodeSignature))) { try signatures.sign(over: Self.hash) }
        #expect(signatures.missing == [0, 1])
        #expect(throws: CeremonyFault(0, .unsigned(.nodeSignature))) {
            try signatures.receive(Self.message(0, over: .zero), from: 0)
        }
        try signatures.receive(Self.message(0), from: 0)
        try signatures.receive(Self.message(1), from: 1)
        #expect(signatures.complete?.count == 3)
    }

    @Test("a second, different message names its operator; the same again is ignored")
    func second() throws {
        var signatures = Self.signatures()
        try signatures.receive(Self.message(1), from: 1)
        try signatures.receive(Self.message(1), from: 1)
        #expect(throws: CeremonyFault(1, .equivocated(.nodeSignature))) {
            try signatures.receive(Self.message(1, over: .zero), from: 1)
        }
    }

    @Test("who leaves signs nothing, and nobody else may")
    func leaving() throws {
        var signatures = Self.signatures(leaving: [1])
        let nothing = Self.message(1, over: nil)
        #expect(nothing.encoded() == [0x0a, 4, 0xde, 0xad, 0xbe, 0xef, 0x10, 1])
        #expect(throws: CeremonyFault.self) { try signatures.receive(Self.message(1), from: 1) }
        #expect(throws: CeremonyFault.self) { try signatures.receive(Self.message(0, over: nil), from: 0) }
        try signatures.receive(try NodeSignatureMessage(decoding: nothing.encoded(), from: 1), from: 1)
        for node in [0, 2] { try signatures.receive(Self.message(node), from: node) }
        try signatures.sign(over: Self.hash)
        #expect(signatures.complete == [0, 2].map { Self.keys[$0].sign(digest: Self.hash) })
    }

    @Test("a message is of its sender, with 65 bytes or the sign of nothing")
    func decoding() {
        let bytes = Self.message(1).encoded()
        for sender in [0, 2, -1, 300] {
            #expect(throws: WireFault.self) { try NodeSignatureMessage(decoding: bytes, from: sender) }
        }
        var signatures = Self.signatures()
        #expect(throws: CeremonyFault.self) { try signatures.receive(Self.message(1), from: 2) }
        for signature in [[], [0xde, 0xad, 0xbe], [0xde, 0xad, 0xbe, 0xee], [UInt8](repeating: 1, count: 64)] {
            let message = FieldWriter.message { $0.element(1, signature) }
            #expect(throws: WireFault.self) { try NodeSignatureMessage(decoding: message, from: 0) }
        }
    }
}
