import SSZ
import Testing

@testable import DKG

@Suite("Pedersen messages")
struct PedersenMessageTests {
    private static let session = Bytes32(padding: [1])
    private static let signature = Bytes96(padding: [2])
    private static let deals = DealBundleMessage(
        dealerIndex: 0, deals: [.init(shareIndex: 0, encryptedShare: [1]), .init(shareIndex: 2, encryptedShare: [])],
        publicPoints: [Bytes48(padding: [3]), .zero], session: session, signature: signature)
    private static let responses = ResponseBundleMessage(
        shareIndex: 2, responses: [.init(dealerIndex: 0, isGood: false), .init(dealerIndex: 1, isGood: true)],
        session: session, signature: signature)
    private static let justifications = JustificationBundleMessage(
        dealerIndex: 1, justifications: [.init(shareIndex: 0, share: .zero)], session: session, signature: signature)

    @Test("bundles come back as they were")
    func roundTrip() throws {
        #expect(try DealBundleMessage(decoding: Self.deals.encoded(), participants: 2) == Self.deals)
        #expect(try ResponseBundleMessage(decoding: Self.responses.encoded(), participants: 2) == Self.responses)
        #expect(
            try JustificationBundleMessage(decoding: Self.justifications.encoded(), participants: 2)
                == Self.justifications)
    }

    @Test("no bundle has more entries than there are participants")
    func counts() {
        #expect(throws: WireFault.tooMany(field: "deals", limit: 1)) {
            try DealBundleMessage(decoding: Self.deals.encoded(), participants: 1)
        }
        #expect(throws: WireFault.tooMany(field: "responses", limit: 1)) {
            try ResponseBundleMessage(decoding: Self.responses.encoded(), participants: 1)
        }
        let zeros = [UInt8](repeating: 0, count: 48)
        let points = FieldWriter.message { writer in for _ in 0..<4 { writer.element(3, zeros) } }
        #expect(throws: WireFault.tooMany(field: "public", limit: 3)) {
            try DealBundleMessage(decoding: points, participants: 3)
        }
        let empty = FieldWriter.message { writer in for _ in 0..<4 { writer.element(2, [UInt8]()) } }
        #expect(throws: WireFault.tooMany(field: "deals", limit: 3)) {
            try DealBundleMessage(decoding: empty, participants: 3)
        }
        #expect(throws: WireFault.tooMany(field: "responses", limit: 3)) {
            try ResponseBundleMessage(decoding: empty, participants: 3)
        }
    }

    @Test("an encrypted share is bounded")
    func encrypted() {
        let long = DealBundleMessage(
            dealerIndex: 0, deals: [.init(shareIndex: 0, encryptedShare: [UInt8](repeating: 1, count: 257))],
            publicPoints: [], session: Self.session, signature: Self.signature)
        #expect(throws: WireFault.tooLong(field: "encrypted_share", limit: 256)) {
            try DealBundleMessage(decoding: long.encoded(), participants: 9)
        }
    }

    @Test("messages of another ceremony are refused")
    func sessions() throws {
        let key = NodeKeyMessage(session: Self.session, key: .zero, publicShares: [.zero])
        #expect(try NodeKeyMessage(decoding: key.encoded(), session: Self.session, validators: 1) == key)
        #expect(throws: WireFault.foreignSession(message: "NodePubKeyMessage")) {
            try NodeKeyMessage(decoding: key.encoded(), session: .zero, validators: 1)
        }
        let share = KeyShareMessage(session: Self.session, publicShare: .zero)
        #expect(try KeyShareMessage(decoding: share.encoded(), session: Self.session) == share)
        #expect(throws: WireFault.foreignSession(message: "ValidatorPubKeyShareMessage")) {
            try KeyShareMessage(decoding: share.encoded(), session: .zero)
        }
        let fault = WireFault.foreignSession(message: "NodePubKeyMessage").ceremonyFault(.nodeKey, from: 2)
        #expect(fault == CeremonyFault(2, .otherSession(.nodeKey)))
    }

    @Test("public shares are one for each validator, or none at all")
    func publicShares() throws {
        let none = NodeKeyMessage(session: Self.session, key: .zero)
        #expect(try NodeKeyMessage(decoding: none.encoded(), session: Self.session, validators: 3) == none)
        for count in [0, 1, 3] {
            let key = NodeKeyMessage(
                session: Self.session, key: .zero, publicShares: [Bytes48](repeating: .zero, count: count))
            #expect(throws: WireFault.self) {
                try NodeKeyMessage(decoding: key.encoded(), session: Self.session, validators: 2)
            }
        }
    }

    @Test("an operator that leaves sends an empty share")
    func leaving() throws {
        let leaving = KeyShareMessage(session: Self.session, publicShare: nil)
        #expect(try KeyShareMessage(decoding: leaving.encoded(), session: Self.session) == leaving)
        let explicit = leaving.encoded() + [0x12, 0]
        #expect(try KeyShareMessage(decoding: explicit, session: Self.session) == leaving)
    }
}
