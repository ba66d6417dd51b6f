import SSZ

/// `PedersenResponseBundle`: what a receiver says of each dealer's deal. Source: spec/dkg.md §8.2.
package struct ResponseBundleMessage: Equatable, Sendable {
    package struct Response: Equatable, Sendable {
        /// From 0.
        package let dealerIndex: Int
        /// False is a complaint.
        package let isGood: Bool

        package init(dealerIndex: Int, isGood: Bool) {
            self.dealerIndex = dealerIndex
            self.isGood = isGood
        }
    }

    /// The receiver, from 0.
    package let shareIndex: Int
    package let responses: [Response]
    /// The nonce of the run.
    package let session: Bytes32
    /// By the receiver's node key.
    package let signature: Bytes96

    package init(shareIndex: Int, responses: [Response], session: Bytes32, signature: Bytes96) {
        self.shareIndex = shareIndex
        self.responses = responses
        self.session = session
        self.signature = signature
    }

    package static func bytesMax(participants: Int) -> Int { 512 + participants * 32 }

    package init(decoding bytes: [UInt8], participants: Int) throws(WireFault) {
        var shareIndex = 0
        var responses: [Response] = []
        var session: Bytes32?
        var signature: Bytes96?
        var reader = try FieldReader(
            bytes, "PedersenResponseBundle", bytesMax: Self.bytesMax(participants: participants), fields: 4,
            repeated: [2])
        while let field = try reader.next() {
            switch field.number {
            case 1: shareIndex = try field.index("share_index")
            case 2:
                guard responses.count < participants else { throw .tooMany(field: "responses", limit: participants) }
                responses.append(try Response(field.body("responses")))
            case 3: session = try field.fixedBytes("session_id")
            default: signature = try field.fixedBytes("signature")
            }
        }
        self.init(
            shareIndex: shareIndex, responses: responses, session: try session.required("session_id"),
            signature: try signature.required("signature"))
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.number(1, shareIndex)
            for response in responses {
                writer.message(2) { entry in
                    entry.number(1, response.dealerIndex)
                    entry.bool(2, response.isGood)
                }
            }
            writer.element(3, session.bytes)
            writer.element(4, signature.bytes)
        }
    }
}

extension ResponseBundleMessage.Response {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireFault) {
        var dealerIndex = 0
        var isGood = false
        var reader = FieldReader(bytes, "PedersenResponse", fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: dealerIndex = try field.index("dealer_index")
            default: isGood = try field.bool("status")
            }
        }
        self.init(dealerIndex: dealerIndex, isGood: isGood)
    }
}
