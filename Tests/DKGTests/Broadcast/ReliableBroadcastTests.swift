import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import DKG

@Suite("reliable broadcast")
struct ReliableBroadcastTests {
    private static let keys: [PrivateKey] = {
        var generator = SeededGenerator(seed: 11)
        return (0..<4).map { _ in PrivateKey.random(using: &generator) }
    }()

    private static func machine(_ own: ParticipantIndex, version: BroadcastVersion = .v2) -> ReliableBroadcast {
        ReliableBroadcast(
            version: version, session: Bytes32(padding: [1]), identities: keys.map(\.publicKey), own: own,
            key: keys[own], ids: [.nodeKey, .nodeSignature])
    }

    private static func packed(_ byte: UInt8) -> PackedMessage {
        NodeKeyMessage(session: .zero, key: Bytes48(padding: [byte])).packed
    }

    /// What participant 0 delivers after all have signed, and the machines of all.
    private static func delivered(
        _ version: BroadcastVersion = .v2
    ) throws -> (message: BroadcastMessage, machines: [ReliableBroadcast]) {
        var machines = keys.indices.map { machine($0, version: version) }
        let request = machines[0].start(.nodeKey, packed(1))
        for peer in 1..<keys.count {
            #expect(machines[0].message(.nodeKey) == nil)
            let answer = try machines[peer].sign(request, from: 0)
            try machines[0].collect(answer, for: .nodeKey, from: peer)
        }
        return (try #require(machines[0].message(.nodeKey)), machines)
    }

    @Test("signatures stand in participant order, however they came", arguments: BroadcastVersion.allCases)
    func order(version: BroadcastVersion) throws {
        var machines = Self.keys.indices.map { Self.machine($0, version: version) }
        let request = machines[2].start(.nodeKey, Self.packed(1))
        for peer in [3, 0, 1] {
            let answer = try machines[peer].sign(request, from: 2)
            try machines[2].collect(answer, for: .nodeKey, from: peer)
        }
        let message = try #require(machines[2].message(.nodeKey))
        let digest = version.digest(session: Bytes32(padding: [1]), id: .nodeKey, Self.packed(1))
        #expect(message.signatures == Self.keys.map { $0.sign(digest: digest) })
        for peer in [0, 1, 3] { #expect(try machines[peer].accept(message, from: 2)?.sender == 2) }
    }

    @Test("an answer that is not the participant's names it at once, and a right one is taken after it")
    func wrongAnswer() throws {
        var machine = Self.machine(0)
        let request = machine.start(.nodeKey, Self.packed(1))
        var peer = Self.machine(1)
        let right = try peer.sign(request, from: 0)
        let stranger = BroadcastSignResponse(id: right.id, signature: Self.keys[2].sign(digest: .zero))
        for wrong in [stranger, BroadcastSignResponse(id: right.id, signature: .zero)] {
            #expect(throws: CeremonyFault(1, .unsigned(.broadcast))) {
                try machine.collect(wrong, for: .nodeKey, from: 1)
            }
        }
        #expect(throws: CeremonyFault.self) {
            try machine.collect(
                BroadcastSignResponse(id: "/other", signature: right.signature), for: .nodeKey, from: 1)
        }
        #expect(throws: CeremonyFault.self) { try machine.collect(right, for: .nodeSignature, from: 1) }
        #expect(throws: CeremonyFault(2, .unsigned(.broadcast))) { try machine.collect(right, for: .nodeKey, from: 2) }
        #expect(machine.unsigned(.nodeKey) == [1, 2, 3])
        try machine.collect(right, for: .nodeKey, from: 1)
        try machine.collect(stranger, for: .nodeKey, from: 1)
        #expect(machine.unsigned(.nodeKey) == [2, 3])
    }

    @Test("for each sender and id one message is signed, ever; the same again is signed again")
    func once() throws {
        var machine = Self.machine(3)
        func request(_ byte: UInt8) -> BroadcastSignRequest {
            BroadcastSignRequest(id: BroadcastID.nodeKey.rawValue, message: Self.packed(byte))
        }
        let first = try machine.sign(request(1), from: 0)
        #expect(throws: CeremonyFault(0, .equivocated(.nodeKey))) { try machine.sign(request(2), from: 0) }
        #expect(try machine.sign(request(1), from: 0) == first)
        // Another sender, and another id, have their own.
        _ = try machine.sign(request(2), from: 1)
        let signature = NodeSignatureMessage(signature: nil, participant: 0).packed
        _ = try machine.sign(BroadcastSignRequest(id: BroadcastID.nodeSignature.rawValue, message: signature), from: 0)
    }

    @Test("ids that are not registered, messages of another type, and our own index are refused")
    func admission() {
        var machine = Self.machine(3)
        let cases: [(String, PackedMessage, ParticipantIndex)] = [
            ("/unknown", Self.packed(1), 0), (BroadcastID.frostCasts.rawValue, Self.packed(1), 0),
            (BroadcastID.nodeSignature.rawValue, Self.packed(1), 0), (BroadcastID.nodeKey.rawValue, Self.packed(1), 3),
            (BroadcastID.nodeKey.rawValue, Self.packed(1), 4), (BroadcastID.nodeKey.rawValue, Self.packed(1), -1),
            (BroadcastID.nodeKey.rawValue, PackedMessage(typeURL: "NodePubKeyMessage", value: []), 0),
        ]
        for (id, message, peer) in cases {
            #expect(throws: CeremonyFault.self) {
                try machine.sign(BroadcastSignRequest(id: id, message: message), from: peer)
            }
            #expect(throws: CeremonyFault.self) {
                try machine.accept(BroadcastMessage(id: id, message: message, signatures: []), from: peer)
            }
        }
    }

    @Test("a delivery needs each participant's signature in its place", arguments: BroadcastVersion.allCases)
    func deliveries(version: BroadcastVersion) throws {
        let delivered = try Self.delivered(version)
        let message = delivered.message
        var machines = delivered.machines
        let right = message.signatures
        let wrong: [[Bytes65]] = [
            [], Array(right.dropLast()), right + [right[0]], Array(right.reversed()),
            Array(repeating: right[0], count: 4),
            [.zero] + right.dropFirst(), right.dropLast() + [Self.keys[3].sign(digest: .zero)],
        ]
        for signatures in wrong {
            let bad = BroadcastMessage(id: message.id, message: message.message, signatures: signatures)
            #expect(throws: CeremonyFault(0, .unsigned(.nodeKey))) { try machines[1].accept(bad, from: 0) }
        }
        #expect(try machines[1].accept(message, from: 0) != nil)
        #expect(machines[1].missing(.nodeKey) == [2, 3])
    }

    @Test("nobody delivers another's message as its own", arguments: BroadcastVersion.allCases)
    func foreignDelivery(version: BroadcastVersion) throws {
        let delivered = try Self.delivered(version)
        let message = delivered.message
        var machines = delivered.machines
        #expect(throws: CeremonyFault.self) { try machines[1].accept(message, from: 2) }
        // Nor what we have not signed at all.
        var late = Self.machine(1, version: version)
        #expect(throws: CeremonyFault.self) { try late.accept(message, from: 0) }
    }

    @Test("decoding refuses a list of signatures of another length, and signatures of another size")
    func decoding() throws {
        let (message, _) = try Self.delivered()
        func decode(_ message: BroadcastMessage) throws -> BroadcastMessage {
            try BroadcastMessage(decoding: message.encoded(), valueBytesMax: 512, participants: 4)
        }
        #expect(try decode(message) == message)
        for count in [0, 3, 5, 200] {
            let signatures = [Bytes65](repeating: message.signatures[0], count: count)
            #expect(throws: WireFault.self) {
                try decode(BroadcastMessage(id: message.id, message: message.message, signatures: signatures))
            }
        }
        let short = message.encoded() + FieldWriter.message { $0.element(3, [UInt8](repeating: 0, count: 64)) }
        #expect(throws: WireFault.self) {
            try BroadcastMessage(decoding: short, valueBytesMax: 512, participants: 5)
        }
        #expect(throws: WireFault.tooLong(field: "value", limit: 20)) {
            try BroadcastMessage(decoding: message.encoded(), valueBytesMax: 20, participants: 4)
        }
    }

    @Test("the digest of 2.0.0 has each part's length before it")
    func digest() {
        let message = PackedMessage(typeURL: "ab", value: [1, 2, 3])
        func length(_ count: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, count] }
        let id = Array(BroadcastID.nodeSignature.rawValue.utf8)
        let input: [UInt8] =
            length(32) + [UInt8](repeating: 0, count: 32) + length(UInt8(id.count)) + id + length(2)
            + Array("ab".utf8) + length(3) + [1, 2, 3]
        #expect(
            BroadcastVersion.v2.digest(session: .zero, id: .nodeSignature, message) == SHA256.hash(input))
        #expect(
            BroadcastVersion.v1.digest(session: .zero, id: .nodeSignature, message)
                == SHA256.hash(Array("ab".utf8) + [1, 2, 3]))
    }
}
