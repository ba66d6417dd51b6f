import SSZ

/// `PedersenJustificationBundle`: the shares that receivers complained about, in the clear. Source: spec/dkg.md §8.2.
package struct JustificationBundleMessage: Equatable, Sendable {
    package struct Justification: Equatable, Sendable {
        /// Whose share, from 0.
        package let shareIndex: Int
        /// A scalar, big-endian. Public from here on.
        package let share: Bytes32

        package init(shareIndex: Int, share: Bytes32) {
            self.shareIndex = shareIndex
            self.share = share
        }
    }

    /// From 0.
    package let dealerIndex: Int
    package let justifications: [Justification]
    /// The nonce of the run.
    package let session: Bytes32
    /// By the dealer's node key.
    package let signature: Bytes96

    package init(dealerIndex: Int, justifications: [Justification], session: Bytes32, signature: Bytes96) {
        self.dealerIndex = dealerIndex
        self.justifications = justifications
        self.session = session
        self.signature = signature
    }

    package static func bytesMax(participants: Int) -> Int { 512 + participants * 64 }

    package init(decoding bytes: [UInt8], participants: Int) throws(WireFault) {
        var dealerIndex = 0
        var justifications: [Justification] = []
        var session: Bytes32?
        var signature: Bytes96?
        var reader = try FieldReader(
            bytes, "PedersenJustificationBundle", bytesMax: Self.bytesMax(participants: participants), fields: 4,
            repeated: [2])
        while let field = try reader.next() {
            switch field.number {
            case 1: dealerIndex = try field.index("dealer_index")
            case 2:
                guard justifications.count < participants else {
                    throw .tooMany(field: "justifications", limit: participants)
                }
                justifications.append(try Justification(field.body("justifications")))
            case 3: session = try field.fixedBytes("session_id")
            default: signature = try field.fixedBytes("signature")
            }
        }
        self.init(
            dealerIndex: dealerIndex, justifications: justifications, session: try session.required("session_id"),
            signature: try signature.required("signature"))
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.number(1, dealerIndex)
            for justification in justifications {
                writer.message(2) { entry in
                    entry.number(1, justification.shareIndex)
                    entry.element(2, justification.share.bytes)
                }
            }
            writer.element(3, session.bytes)
            writer.element(4, signature.bytes)
        }
    }
}

extension JustificationBundleMessage.Justification {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireFault) {
        var shareIndex = 0
        var share: Bytes32?
        var reader = FieldReader(bytes, "PedersenJustification", fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: shareIndex = try field.index("share_index")
            default: share = try field.fixedBytes("share")
            }
        }
        self.init(shareIndex: shareIndex, share: try share.required("share"))
    }
}
