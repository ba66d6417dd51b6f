import SSZ

/// `BCastMessage`: a message that all participants have signed. Source: spec/dkg.md §3.
package struct BroadcastMessage: Equatable, Sendable {
    package let id: String
    package let message: PackedMessage
    /// One of each participant, in participant order.
    package let signatures: [Bytes65]

    package init(id: String, message: PackedMessage, signatures: [Bytes65]) {
        self.id = id
        self.message = message
        self.signatures = signatures
    }

    package static func bytesMax(valueBytesMax: Int, participants: Int) -> Int {
        valueBytesMax + 512 + participants * 70
    }

    /// - Throws: also unless there are exactly as many signatures as participants.
    package init(decoding bytes: [UInt8], valueBytesMax: Int, participants: Int) throws(WireFault) {
        var id: String?
        var message: PackedMessage?
        var signatures: [Bytes65] = []
        var reader = try FieldReader(
            bytes, "BCastMessage",
            bytesMax: Self.bytesMax(valueBytesMax: valueBytesMax, participants: participants), fields: 3, repeated: [3])
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try field.text("id", bytesMax: BroadcastSignRequest.idBytesMax)
            case 2: message = try PackedMessage(field.body("message"), valueBytesMax: valueBytesMax)
            default:
                guard signatures.count < participants else {
                    throw .tooMany(field: "signatures", limit: participants)
                }
                signatures.append(try field.fixedBytes("signatures"))
            }
        }
        guard signatures.count == participants else {
            throw .count(field: "signatures", expected: participants, actual: signatures.count)
        }
        self.init(id: try id.required("id"), message: try message.required("message"), signatures: signatures)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.text(1, id)
            writer.message(2, message.write)
            for signature in signatures { writer.element(3, signature.bytes) }
        }
    }
}
