import SSZ

/// `google.protobuf.Any`: a message and its type. The value stays as received, because its bytes are signed.
package struct PackedMessage: Hashable, Sendable {
    /// Before a message's name.
    static let prefix = "type.googleapis.com/dkg.dkgpb.v1."
    static let typeURLBytesMax = 128

    package let typeURL: String
    package let value: [UInt8]

    package init(typeURL: String, value: [UInt8]) {
        self.typeURL = typeURL
        self.value = value
    }

    /// - Parameter message: without the package, e.g. `FrostRound1Casts`.
    init(_ message: String, _ value: [UInt8]) {
        self.init(typeURL: Self.prefix + message, value: value)
    }

    init(_ bytes: ArraySlice<UInt8>, valueBytesMax: Int) throws(WireFault) {
        var typeURL: String?
        var value: [UInt8] = []
        var reader = FieldReader(bytes, "Any", fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: typeURL = try field.text("type_url", bytesMax: Self.typeURLBytesMax)
            default: value = try field.bytes("value", max: valueBytesMax)
            }
        }
        self.init(typeURL: try typeURL.required("type_url"), value: value)
    }

    /// The value, if it is of the type asked for.
    func unpacked(_ message: String) throws(WireFault) -> [UInt8] {
        guard typeURL == Self.prefix + message else { throw .typeURL(expected: message) }
        return value
    }

    func write(_ writer: inout FieldWriter) {
        writer.text(1, typeURL)
        writer.field(2, value)
    }
}
