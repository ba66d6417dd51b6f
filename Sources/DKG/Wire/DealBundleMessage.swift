import SSZ

/// `PedersenDealBundle`: a dealer's commitments and encrypted shares. Source: spec/dkg.md §8.2.
///
/// What is wrong in content costs a dealer its place by the rules of §8.3, at every node alike, and is no fault of the
/// bytes: indices and repetitions stay as received.
package struct DealBundleMessage: Equatable, Sendable {
    static let encryptedBytesMax = 256

    package struct Deal: Equatable, Sendable {
        /// Whose share, from 0.
        package let shareIndex: Int
        /// R ‖ ciphertext ‖ tag, 96 bytes if it is right.
        package let encryptedShare: [UInt8]

        package init(shareIndex: Int, encryptedShare: [UInt8]) {
            self.shareIndex = shareIndex
            self.encryptedShare = encryptedShare
        }
    }

    /// From 0.
    package let dealerIndex: Int
    package let deals: [Deal]
    /// Commitments to the dealer's polynomial.
    package let publicPoints: [Bytes48]
    /// The nonce of the run.
    package let session: Bytes32
    /// By the dealer's node key.
    package let signature: Bytes96

    package init(dealerIndex: Int, deals: [Deal], publicPoints: [Bytes48], session: Bytes32, signature: Bytes96) {
        self.dealerIndex = dealerIndex
        self.deals = deals
        self.publicPoints = publicPoints
        self.session = session
        self.signature = signature
    }

    package static func bytesMax(participants: Int) -> Int { 512 + participants * (128 + 64) }

    package init(decoding bytes: [UInt8], participants: Int) throws(WireFault) {
        var dealerIndex = 0
        var deals: [Deal] = []
        var publicPoints: [Bytes48] = []
        var session: Bytes32?
        var signature: Bytes96?
        var reader = try FieldReader(
            bytes, "PedersenDealBundle", bytesMax: Self.bytesMax(participants: participants), fields: 5,
            repeated: [2, 3])
        while let field = try reader.next() {
            switch field.number {
            case 1: dealerIndex = try field.index("dealer_index")
            case 2:
                guard deals.count < participants else { throw .tooMany(field: "deals", limit: participants) }
                deals.append(try Deal(field.body("deals")))
            case 3:
                guard publicPoints.count < participants else { throw .tooMany(field: "public", limit: participants) }
                publicPoints.append(try field.fixedBytes("public"))
            case 4: session = try field.fixedBytes("session_id")
            default: signature = try field.fixedBytes("signature")
            }
        }
        self.init(
            dealerIndex: dealerIndex, deals: deals, publicPoints: publicPoints,
            session: try session.required("session_id"), signature: try signature.required("signature"))
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.number(1, dealerIndex)
            for deal in deals {
                writer.message(2) { entry in
                    entry.number(1, deal.shareIndex)
                    entry.field(2, deal.encryptedShare)
                }
            }
            for point in publicPoints { writer.element(3, point.bytes) }
            writer.element(4, session.bytes)
            writer.element(5, signature.bytes)
        }
    }
}

extension DealBundleMessage.Deal {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireFault) {
        var shareIndex = 0
        var encryptedShare: [UInt8] = []
        var reader = FieldReader(bytes, "PedersenDeal", fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: shareIndex = try field.index("share_index")
            default:
                encryptedShare = try field.bytes("encrypted_share", max: DealBundleMessage.encryptedBytesMax)
            }
        }
        self.init(shareIndex: shareIndex, encryptedShare: encryptedShare)
    }
}
