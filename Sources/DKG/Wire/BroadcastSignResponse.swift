import SSZ

/// `BCastSigResponse`: I have signed that you send this. Source: spec/dkg.md §3.
package struct BroadcastSignResponse: Equatable, Sendable {
    package static let bytesMax = 512

    package let id: String
    /// R ‖ S ‖ V over the digest.
    package let signature: Bytes65

    package init(id: String, signature: Bytes65) {
        self.id = id
        self.signature = signature
    }

    package init(decoding bytes: [UInt8]) throws(WireFault) {
        var id: String?
        var signature: Bytes65?
        var reader = try FieldReader(bytes, "BCastSigResponse", bytesMax: Self.bytesMax, fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: id = try field.text("id", bytesMax: BroadcastSignRequest.idBytesMax)
            default: signature = try field.fixedBytes("signature")
            }
        }
        self.init(id: try id.required("id"), signature: try signature.required("signature"))
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.text(1, id)
            writer.field(2, signature.bytes)
        }
    }
}
