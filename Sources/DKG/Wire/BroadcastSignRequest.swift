/// `BCastSigRequest`: sign that I send this. Source: spec/dkg.md §3.
package struct BroadcastSignRequest: Hashable, Sendable {
    static let idBytesMax = 128

    package let id: String
    package let message: PackedMessage

    package init(id: String, message: PackedMessage) {
        self.id = id
        self.message = message
    }

    /// - Parameter valueBytesMax: of the largest message that may be broadcast.
    package static func bytesMax(valueBytesMax: Int) -> Int { valueBytesMax + 512 }

    package init(decoding bytes: [UInt8], valueBytesMax: Int) throws(WireFault) {
        var id: String?
        var message: PackedMessage?
        var reader = try FieldReader(
            bytes, "BCastSigRequest", bytesMax: Self.bytesMax(valueBytesMax: valueBytesMax), fields: 3)
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try field.text("id", bytesMax: Self.idBytesMax)
            case 3: message = try PackedMessage(field.body("message"), valueBytesMax: valueBytesMax)
            default: break
            }
        }
        self.init(id: try id.required("id"), message: try message.required("message"))
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.text(1, id)
            writer.message(3, message.write)
        }
    }
}
